"""Images from elsewhere: only from places that were allowed, at public addresses, and within bounds."""

import socket
from http.server import BaseHTTPRequestHandler

import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError
from nbalabel.data.images.files import read_bytes, read_image
from nbalabel.data.images.remote import fetching, places
from nbalabel.data.images.remote.addresses import is_public

from .web import Server


def test_nothing_is_fetched_unless_it_was_allowed(server: Server) -> None:
    with pytest.raises(ImageError, match=rf"not allowed.*nl.allow_images_from\('{server.origin}'\)"):
        read_image(f"{server.origin}/a.png")
    with pytest.raises(ImageError, match="not allowed"):
        read_bytes("memory://a.png")
    assert not server.asked


def test_a_private_address_needs_to_be_allowed_as_such(server: Server) -> None:
    assert nl.allow_images_from(server.origin) == (server.origin,)
    with pytest.raises(ImageError, match=r"private address 127\.0\.0\.1.*private=True"):
        read_image(f"{server.origin}/a.png")
    assert not server.asked
    nl.allow_images_from(server.origin, private=True)
    assert read_image(f"{server.origin}/a.png").shape == (3, 4, 3)
    assert read_image(f"{server.origin}/in/a b.png?size=1 2&x=%20").shape == (3, 4, 3)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1", "0"])
def test_other_ways_to_write_a_private_address_are_seen_through(server: Server, host: str) -> None:
    url = f"http://{host}:{server.port}"
    try:
        socket.getaddrinfo(host, server.port)
    except OSError:
        pytest.skip(f"this system does not take {host} for an address")
    nl.allow_images_from(url)
    with pytest.raises(ImageError, match="private address"):
        read_image(f"{url}/a.png")
    assert not server.asked


def test_a_name_that_resolves_to_a_private_address_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
    nl.allow_images_from(f"http://example.org:{server.port}")
    with pytest.raises(ImageError, match=r"example\.org is at the private address"):
        read_image(f"http://example.org:{server.port}/a.png")
    assert not server.asked


def test_the_connection_goes_to_the_address_that_was_checked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may resolve to another address the next time: it is not looked up a second time."""
    asked = []
    real = socket.getaddrinfo

    def resolve(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host == "example.org" else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    nl.allow_images_from(f"http://example.org:{server.port}", private=True)
    read_image(f"http://example.org:{server.port}/a.png")
    assert asked.count("example.org") == 1


def test_redirects_lead_to_allowed_places_only(server: Server) -> None:
    other = Server()
    other.answers["/a.png"] = other.image
    server.answers |= {
        "/near": server.to("/a.png"),
        "/far": server.to(f"{other.origin}/a.png"),
        "/file": server.to("file:///etc/passwd"),
        "/loop": server.to("/loop"),
    }
    nl.allow_images_from(server.origin, private=True)
    assert read_image(f"{server.origin}/near").shape == (3, 4, 3)
    with pytest.raises(ImageError, match="not allowed"):
        read_image(f"{server.origin}/far")
    with pytest.raises(ImageError, match="URL"):
        read_image(f"{server.origin}/file")
    with pytest.raises(ImageError, match="redirected more than 5 times"):
        read_image(f"{server.origin}/loop")
    nl.allow_images_from(other.origin)
    with pytest.raises(ImageError, match="private address"):
        read_image(f"{server.origin}/far")
    assert not other.asked
    nl.allow_images_from(other.origin, private=True)
    assert read_image(f"{server.origin}/far").shape == (3, 4, 3)
    other.close()


def test_an_endless_answer_ends_at_the_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1 << 20)
    server.answers["/endless"] = server.endless
    nl.allow_images_from(server.origin, private=True)
    with pytest.raises(ImageError, match="more than 1,048,576 bytes"):
        read_image(f"{server.origin}/endless")


def test_an_answer_said_to_be_too_large_is_not_read(server: Server) -> None:
    def large(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        server.over.wait()

    server.answers["/large"] = large
    nl.allow_images_from(server.origin, private=True)
    with pytest.raises(ImageError, match="more than"):
        read_image(f"{server.origin}/large")


@pytest.mark.parametrize("how", ["silent", "dripping"])
def test_a_slow_answer_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setattr(fetching, "MAX_SECONDS", 0.3)
    server.answers["/slow"] = getattr(server, how)
    nl.allow_images_from(server.origin, private=True)
    with pytest.raises(ImageError, match="longer than it may"):
        read_image(f"{server.origin}/slow")


def test_an_error_of_the_server_is_told(server: Server) -> None:
    server.answers["/gone"] = lambda handler: handler.send_error(404)
    nl.allow_images_from(server.origin, private=True)
    with pytest.raises(ImageError, match="answers 404"):
        read_image(f"{server.origin}/gone")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org.evil.org/in/a.png",
        "http://example.org@evil.org/in/a.png",
        "http://evil.org/http://example.org/in/a.png",
        "http://example.org:81/in/a.png",
        "https://example.org/in/a.png",
        "http://example.org/inner/a.png",
        "http://example.org/in/../a.png",
        "http://example.org/in/%2e%2e/a.png",
        "http://example.org\\@evil.org/in/a.png",
        "http://example.org/in/\r\nHost: evil.org",
        "http://[::1/in/",
        "s3://example.org/in/a.png",
    ],
)
def test_urls_that_only_look_like_an_allowed_place_are_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_ALLOWED", [])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("it was looked up"))
    nl.allow_images_from("http://example.org/in")
    with pytest.raises(ImageError, match=r"allowed|URL|must"):
        fetching.fetch(url)


@pytest.mark.parametrize(
    "place", ["example.org", "/data", "https://", "https://me@a.org", "https://a.org/?q"]
)
def test_a_place_that_is_none_is_refused(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_ALLOWED", [])
    with pytest.raises(DataError, match="https://host"):
        nl.allow_images_from(place)


PRIVATE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"),
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1"),
    *("::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known_however_they_are_written(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)

"""A web server of the tests' own, on this machine."""

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import unquote

import numpy as np
from PIL import Image

Answer = Callable[[BaseHTTPRequestHandler], None]


def png() -> bytes:
    file = BytesIO()
    Image.fromarray(np.full((3, 4, 3), 7, np.uint8)).save(file, "PNG")
    return file.getvalue()


class Server:
    """A server on this machine: what it answers by path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                with suppress(OSError):  # whoever asked has gone, as the test wants
                    outer.answers[unquote(self.path.partition("?")[0])](self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()
        self.port = self.http.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.over.set()
        self.http.shutdown()
        self.http.server_close()

    def image(self, handler: BaseHTTPRequestHandler) -> None:
        data = png()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def to(self, url: str) -> Answer:
        def redirect(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", url)
            handler.end_headers()

        return redirect

    def endless(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not self.over.is_set():
            handler.wfile.write(bytes(1 << 16))

    def silent(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(png()[:20])
        handler.wfile.flush()
        self.over.wait()

    def dripping(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
        while not self.over.wait(0.02):  # never silent for long, never done
            handler.wfile.write(b"x")

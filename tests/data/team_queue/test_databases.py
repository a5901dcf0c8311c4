"""What each database does in its own way."""

import pandas as pd
import pytest

from nbalabel.data.queue.database import sqlite
from nbalabel.data.queue.database.functions import FUNCTIONS
from nbalabel.data.queue.handing import hand_out
from nbalabel.data.queue.queue import Queue
from nbalabel.data.tables.tables import Tables

from .conftest import drawn

EMPTY = drawn(state="empty")


@pytest.fixture
def url(request):
    return request.param and request.getfixturevalue(request.param)


in_postgres = pytest.mark.parametrize("url", ["postgres"], indirect=True)
in_sqlite = pytest.mark.parametrize("url", [None], indirect=True)


@in_postgres
def test_postgres_hands_out_in_one_message(queue, monkeypatch):
    q = queue()
    q.sql.now()
    sent = []

    class Watched:
        def __init__(self, connection):
            self.connection = connection

        def execute(self, *args, **options):
            sent.append(args[0])
            return self.connection.execute(*args, **options)

        def __getattr__(self, name):
            return getattr(self.connection, name)

    monkeypatch.setattr(q.sql, "_connection", Watched(q.sql._connection))
    assert [task.row_id for task in q.take("ana", 3)] == [0, 1, 2]
    assert len(sent) == 1


@in_postgres
def test_a_connection_that_was_lost_is_made_again(queue, team, url):
    q, other = queue(), queue()
    q.take("ana")
    pid = q.sql._connection.info.backend_pid
    other.sql.do(lambda run: run("SELECT pg_terminate_backend(?)", (pid,)))
    assert [task.row_id for task in q.take("ana", 2)] == [0, 1]
    assert not q.submit(q.take("ana")[0], "ana", EMPTY).late


@in_postgres
def test_functions_of_other_releases_are_left_alone(queue, team, url):
    q = queue()
    names = "SELECT proname FROM pg_proc WHERE starts_with(proname, 'nbl_')"
    q.sql.do(lambda run: run(
        "CREATE OR REPLACE FUNCTION nbl_take_of_another_release() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    ))  # fmt: skip
    Queue(team, name=q.name, url=url)
    assert {name for (name,) in q.sql.do(lambda run: run(names))} == {
        *FUNCTIONS,
        "nbl_take_of_another_release",
    }
    q.sql.do(lambda run: run("DROP FUNCTION nbl_take_of_another_release()"))


@in_sqlite
def test_the_log_of_sqlite_is_written_back_now_and_then(queue, monkeypatch):
    monkeypatch.setattr(sqlite, "_OFTEN", 5)
    q, reader = queue(), queue()
    log = q.sql.path.with_name(f"{q.sql.path.name}-wal")
    sizes = []
    for i in range(60):
        q.skip(q.take(f"annotator-{i}")[0], f"annotator-{i}", "x" * 4000)
        sizes.append(log.stat().st_size)
    assert reader.progress().tasks == 10
    assert max(sizes[30:]) == max(sizes[:30]), "it begins anew instead of growing"


@in_postgres
def test_a_hand_out_reads_few_turns_also_where_tables_have_no_statistics(tmp_path, url):
    """One that joins by the annotator alone reads all turns for each job: minutes, at 100,000 tasks."""
    psycopg = pytest.importorskip("psycopg")
    n, name = 200, f"fresh_{tmp_path.name[-8:].replace('-', '_').lower()}"
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": 8, "height": 8})
    none = pd.DataFrame({"image_id": [], "label": [], "mask": []})
    ds = Tables.of(images, none, ["cod"]).save(tmp_path / "n.nbal")
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    there = url.replace("/postgres?", f"/{name}?")
    q = Queue(ds, ds.images, url=there)
    q.close()  # so that the plans are made now
    for _ in range(n):
        assert hand_out(q.sql, q.number, "ana", "", ("label",), 1, 1.0)
    q.close()  # a connection that ends writes its counts
    read = "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'nbl_turns_pkey'"
    with psycopg.connect(there) as counts:
        ((n_read,),) = counts.execute(read).fetchall()
    ds.close()
    assert n_read < 20 * n

"""What was told survives a crash between any two calls, and within any of them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from strategies.lsun import Lsun

from nbalabel.core.errors import CorruptError, HistoryError, StorageError
from nbalabel.learn.propagate.propagation import Propagation

WORKER = Path(__file__).parents[1] / "worker.py"
rng = np.random.default_rng(0)
RIGHT = np.arange(200) < 120
FEATURES = rng.normal(size=(200, 3)).astype(np.float32) + np.where(RIGHT, 4, 0)[:, None]
SCORES = np.where(RIGHT, 0.8, 0.4)


def make(journal, strategy="paper", **options):
    return Propagation(FEATURES, SCORES, strategy=strategy, journal=journal, **options)


def seen(p):
    q = p.ask()
    question = None if q is None else (q.number, q.rows.tolist(), q.kind, q.cluster)
    return p.id, question, p.accepted.tolist(), p.rejected.tolist(), p.n_answers, p.progress().seconds


def play(p, n=8):
    """Tell, skip and take back; yields what is seen before the first and after each."""
    yield seen(p)
    for k in range(n):
        q = p.ask()
        if q is None or k == 4:
            p.undo()
        elif k == 2:
            p.skip(q)
        else:
            p.tell(q, RIGHT[q.rows], annotator="ann", seconds=2.5)
        yield seen(p)


@pytest.mark.parametrize("strategy", ["paper", "certified", "verify-all", Lsun])
def test_after_every_call_the_same_propagation_can_be_made_from_its_journal(tmp_path, strategy):
    path = tmp_path / "p.jsonl"
    for now in play(make(path, strategy, honeypots=0.3, repeats=0.2, known={0: True, 199: False})):
        again = make(path, strategy, honeypots=0.3, repeats=0.2, known={0: True, 199: False})
        assert seen(again) == now
        again.close()


def test_a_journal_cut_at_any_byte_holds_what_was_told_up_to_there(tmp_path):
    path, cut = tmp_path / "p.jsonl", tmp_path / "cut.jsonl"
    p = make(path)
    states, ends = [], []
    for now in play(p):
        states.append(now)
        ends.append(path.stat().st_size)
    data = path.read_bytes()
    forest = (tmp_path / "p.forest.npz").read_bytes()
    (tmp_path / "cut.forest.npz").write_bytes(forest)
    for n in range(len(data) + 1):
        if n % 31 and n not in ends and n + 1 not in ends:
            continue  # every end and the bytes beside it, and every 31st
        cut.write_bytes(data[:n])
        again = make(cut)
        told = sum(end <= n for end in ends) - 1
        expected = states[max(told, 0)]
        assert seen(again)[1:] == expected[1:], f"cut at {n} of {len(data)}"
        assert (seen(again)[0] == expected[0]) == (told >= 0)
        q = again.ask()
        if q is not None:
            again.tell(q, RIGHT[q.rows])
            after = seen(again)
            again.close()
            assert seen(make(cut)) == after
        cut.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_what_a_killed_process_had_told_is_there(tmp_path):
    path = tmp_path / "p.jsonl"
    acknowledged: list[dict] = []
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, str(WORKER), str(path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as process:
            lines = []
            while len(lines) < 3 and (line := process.stdout.readline()):
                lines.append(json.loads(line))
            process.send_signal(signal.SIGKILL)
            lines += [json.loads(line) for line in process.stdout if line.endswith("\n")]
        begun, *told = lines
        assert begun["told"] in (len(acknowledged), len(acknowledged) + 1), "one call may have been under way"
        if acknowledged:
            assert begun["id"] == acknowledged[0]["id"]
            if begun["told"] == len(acknowledged):
                assert begun["next"] == acknowledged[-1]["next"], "the question is the same"
        acknowledged = [*acknowledged, *([begun] if begun["told"] > len(acknowledged) else []), *told]
    assert len(acknowledged) >= 8


def test_the_same_inputs_carry_on_and_others_are_refused(tmp_path):
    path = tmp_path / "p.jsonl"
    p = make(path)
    q = p.ask()
    p.tell(q, RIGHT[q.rows])
    p.close()
    assert make(path).n_answers == 15
    for other in (
        {"strategy": "bfs"},
        {"seed": 1},
        {"target_quality": 0.9},
        {"n_samples": 7},
        {"alpha": 0.1},
    ):
        with pytest.raises(HistoryError, match="with other inputs or arguments"):
            make(path, **other)
    with pytest.raises(HistoryError, match="inputs"):
        Propagation(FEATURES * 2 + rng.random((200, 3)), SCORES, strategy="paper", journal=path)
    assert make(path).n_answers == 15


def test_a_budget_may_be_raised_later(tmp_path):
    path = tmp_path / "p.jsonl"
    p = make(path, "verify-all", budget=20)
    while (q := p.ask()) is not None:
        p.tell(q, RIGHT[q.rows])
    assert p.n_answers == 20
    p.close()
    more = make(path, "verify-all", budget=40)
    assert more.n_answers == 20
    while (q := more.ask()) is not None:
        more.tell(q, RIGHT[q.rows])
    assert more.n_answers == 40


def test_a_folder_gets_one_file_for_each_set_of_inputs(tmp_path):
    folder = tmp_path / "propagations"
    p = make(folder)
    q = p.ask()
    p.tell(q, RIGHT[q.rows])
    assert make(folder).id == p.id
    assert make(folder).n_answers == 15
    other = make(folder, seed=1)
    assert other.id != p.id
    assert other.n_answers == 0
    assert len(list(folder.glob("*.jsonl"))) == 2


def test_the_trees_are_kept_beside_the_journal_so_that_clusters_keep_their_names(tmp_path, monkeypatch):
    path = tmp_path / "p.jsonl"
    p = make(path)
    monkeypatch.setattr("nbalabel.learn.cluster.trees.cluster", None)
    again = make(path)
    assert again.forest.order.tolist() == p.forest.order.tolist()
    (tmp_path / "p.forest.npz").write_bytes(b"not a file of trees")
    with pytest.raises(StorageError, match="Delete it to build the trees again"):
        make(path)


def test_two_at_once_do_not_write_over_each_other(tmp_path):
    path = tmp_path / "p.jsonl"
    one, other = make(path), make(path)
    q = one.ask()
    one.tell(q, RIGHT[q.rows])
    with pytest.raises(StorageError, match="something else wrote to"):
        other.tell(other.ask(), RIGHT[q.rows])
    assert other.n_answers == 0
    assert make(path).n_answers == 15


def test_files_that_are_no_journal_are_refused_as_they_are(tmp_path):
    path = tmp_path / "p.jsonl"
    for content, error, message in (
        (b'{"op":"begin","format":99}\n', CorruptError, "no journal"),
        (b"hello\n", CorruptError, "line 1, cannot be read"),
        (b'{"op":"tell"}\n', CorruptError, "no journal"),
    ):
        path.write_bytes(content)
        with pytest.raises(error, match=message):
            make(path)
        assert path.read_bytes() == content
    with pytest.raises(StorageError, match="cannot be used"):
        make(tmp_path / "p.jsonl" / "inside.jsonl")


def test_answers_that_fit_no_question_are_refused_with_the_versions(tmp_path):
    path = tmp_path / "p.jsonl"
    p = make(path)
    q = p.ask()
    p.tell(q, RIGHT[q.rows])
    p.close()
    lines = path.read_text().splitlines()
    record = json.loads(lines[1])
    record["rows"] = record["rows"][::-1]
    path.write_text("\n".join([lines[0], json.dumps(record), ""]))
    with pytest.raises(HistoryError, match=r"cannot be replayed: question 0 is about other masks now.*numpy"):
        make(path)


def test_what_cannot_be_written_was_not_told(tmp_path, monkeypatch):
    p = make(tmp_path / "p.jsonl")
    q = p.ask()
    before = seen(p)

    def full(*_):
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="no space left"):
            p.tell(q, RIGHT[q.rows])
    assert seen(p) == before
    assert seen(make(tmp_path / "p.jsonl")) == before
    p.tell(q, RIGHT[q.rows])
    assert make(tmp_path / "p.jsonl").n_answers == 15

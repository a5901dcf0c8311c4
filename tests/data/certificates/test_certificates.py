"""Certificates are kept with the dataset, survive what a dataset survives, and know when they are stale."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.certificate import Certificate, fingerprints
from nbalabel.core.errors import CorruptError, DataError, NbalabelWarning, NewerSchemaError, ReadOnlyError
from nbalabel.data.certificates.files import read_certificates, write_certificate
from nbalabel.data.disk.checked_json import read_checked, write_checked


@pytest.fixture
def ds(tmp_path):
    dataset = nl.demo.reef(tmp_path / "reef.nbal", n_images=20, n_labeled=15, n_test=2, size=96)
    yield dataset
    dataset.close()


def certificate(ds, **changed):
    """Of all instances, of which the first two were answered wrong."""
    rows, prints = fingerprints(ds.instances)
    made = Certificate(
        name="all",
        what="labels",
        made="2026-01-02T03:04:05Z",
        who="ann, bob",
        n_rows=len(rows),
        n_answers=70,
        target=0.95,
        alpha=0.05,
        lower=0.95,
        upper=0.99,
        statement="At least 95% are right.",
        rest="Without the 2, at least 97%.",
        rest_lower=0.97,
        version=ds.version_id,
        dirty=False,
        table="instances",
        rows=rows,
        prints=prints,
        wrong=rows[:2],
        id="audit-1",
    )
    return dataclasses.replace(made, **changed)


class Done:
    """An audit that has ended."""

    def __init__(self, made):
        self.made = made

    def to_certificate(self, name=None):
        return dataclasses.replace(self.made, name=name or self.made.name)


def test_a_certificate_is_kept_and_listed(ds):
    made = certificate(ds)
    ds.certify(Done(made), "round 3")
    row = ds.certificates.iloc[0]
    assert row[["name", "what", "who", "n_answers", "target", "alpha", "lower", "upper"]].tolist() == [
        *["round 3", "labels", "ann, bob", 70, 0.95, 0.05, 0.95, 0.99]
    ]
    assert row["made"] == pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
    assert row[["n_rows", "version", "stale", "why"]].tolist() == [
        len(ds.instances),
        ds.version_id,
        False,
        "",
    ]
    assert ds.certificates.index.tolist() == ["audit-1"]


def test_without_certificates_the_table_is_empty_and_has_its_columns(ds):
    assert len(ds.certificates) == 0
    assert {"name", "statement", "stale", "version", "made"} <= set(ds.certificates)
    assert "certificate" not in ds._repr_html_()


def test_a_file_gives_the_same_certificate_back(ds):
    made = certificate(ds, target=np.nan, rest="", rest_lower=np.nan, dirty=True)
    write_certificate(ds.folder, made)
    (found,) = read_certificates(ds.folder).values()
    for field in dataclasses.fields(Certificate):
        np.testing.assert_equal(getattr(found, field.name), getattr(made, field.name))


def test_two_certificates_of_one_audit_are_both_kept_oldest_first(ds):
    for made in ("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"):
        ds.certify(Done(certificate(ds, made=made)))
    assert ds.certificates.index.tolist() == ["audit-1-2", "audit-1"]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda ds, i: ds.remove([i]), "1 row removed"),
        (lambda ds, i: ds.set([i], label="other"), "1 row edited"),
        (lambda ds, i: ds.set([i], mask=ds.instances.loc[i - 1, "mask"]), "1 row edited"),
    ],
)
def test_a_row_that_changes_makes_it_stale_and_is_named(ds, edit, why):
    ds.add_label("other")
    ds.certify(Done(certificate(ds)))
    row = int(ds.instances.index[5])
    edit(ds, row)
    now = ds.certificates.iloc[0]
    assert now["stale"]
    assert now["why"] == f"{why} ({row})"
    assert "stale (1 row" in ds._repr_html_()
    ds.undo()
    assert not ds.certificates.iloc[0]["stale"]


def test_columns_that_were_not_asked_about_and_new_rows_change_nothing(ds):
    ds.certify(Done(certificate(ds)))
    ds.instances["score"] = 0.5
    ds.instances["note"] = "seen"
    assert not ds.certificates.iloc[0]["stale"]


def test_rows_outside_the_set_may_change(ds):
    rows, prints = fingerprints(ds.instances.iloc[:10])
    ds.certify(Done(certificate(ds, rows=rows, prints=prints)))
    ds.remove(ds.instances.index[15:])
    assert not ds.certificates.iloc[0]["stale"]


def test_once_all_wrong_rows_are_mended_the_statement_is_about_the_rest(ds):
    ds.add_label("other")
    made = certificate(ds)
    ds.certify(Done(made))
    ds.remove(made.wrong[:1])
    assert ds.certificates.iloc[0]["stale"]  # the other one is as it was
    ds.set(made.wrong[1:], label="other")
    now = ds.certificates.iloc[0]
    assert not now["stale"]
    assert now["why"] == "2 rows answered wrong mended"
    assert now["statement"] == "Without the 2, at least 97%."
    assert (now["lower"], now["n_rows"]) == (0.97, made.n_rows - 2)
    assert now["upper"] == 1.0
    ds.remove(ds.instances.index[4:5])
    assert ds.certificates.iloc[0]["stale"]


def test_certificates_are_copied_saved_and_kept_over_commit_and_checkout(ds, tmp_path):
    ds.certify(Done(certificate(ds)))
    first = ds.version_id
    copied, saved = ds.copy(tmp_path / "copy.nbal"), ds.save(tmp_path / "saved.nbal")
    for other in (copied, saved):
        assert other.certificates["stale"].tolist() == [False]
        other.close()
    ds.remove(ds.instances.index[:5])
    ds.commit("fewer")
    assert ds.certificates["stale"].tolist() == [True]
    ds.checkout(first)
    assert ds.certificates["stale"].tolist() == [False]
    ds.close()
    again = nl.open(ds.folder)
    assert again.certificates["version"].tolist() == [first]
    again.close()


def test_overwriting_a_dataset_takes_its_certificates_away(ds, tmp_path):
    ds.certify(Done(certificate(ds)))
    other = nl.demo.reef(tmp_path / "other.nbal", n_images=8, n_labeled=5, n_test=2, size=96)
    ds.close()
    again = other.save(ds.folder, overwrite=True)
    assert len(again.certificates) == 0
    again.close()
    other.close()


def test_the_card_shows_the_newest_and_counts_the_others(ds):
    for day in range(1, 6):
        ds.certify(Done(certificate(ds, made=f"2026-01-0{day}T00:00:00Z", name=f"round {day}")))
    html = ds._repr_html_()
    assert "round 5. At least 95% are right. 2026-01-05, ann, bob" in html
    assert "round 2" not in html
    assert "2 more: ds.certificates" in html


def test_predictions_of_a_run_do_not_get_stale(ds):
    ds.certify(Done(certificate(ds, table="predictions")))
    ds.remove(ds.instances.index)
    assert ds.certificates.iloc[0][["stale", "why"]].tolist() == [False, "predictions of a run do not change"]


def test_what_is_no_audit_or_of_another_dataset_is_refused(ds):
    with pytest.raises(DataError, match="expected an audit"):
        ds.certify("audit")
    far = np.array([10**6], np.int64)
    with pytest.raises(DataError, match="none of the 1 masks"):
        ds.certify(Done(certificate(ds, rows=far, prints=far.astype(np.uint64), wrong=far)))
    with pytest.raises(DataError, match="one print for each row"):
        certificate(ds, rows=far)
    with pytest.raises(DataError, match="table must be"):
        certificate(ds, table="images")


def test_a_copy_in_another_process_cannot_certify(ds):
    import pickle

    with pytest.raises(ReadOnlyError):
        pickle.loads(pickle.dumps(ds)).certify(Done(certificate(ds)))  # noqa: S301  # our own bytes


@pytest.mark.parametrize("name", ["audit-1.json", "audit-1.rows"])
@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data[:40] + b"?" + data[41:]])
def test_damage_is_named(ds, name, damage, tmp_path):
    ds.certify(Done(certificate(ds)))
    path = ds.folder / "certificates" / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CorruptError, match=name):
        ds.certificates  # noqa: B018
    assert "is damaged" in ds._repr_html_(), "the card is shown all the same"
    with pytest.warns(NbalabelWarning, match="certificates are left out"):
        ds.save(tmp_path / "saved.nbal").close()


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "../../elsewhere"), ("id", ""), ("name", 7), ("n_rows", "many"), ("wrong", ["x"]), ("lower", [])],
)
def test_what_a_stranger_wrote_is_no_path_and_no_other_type(ds, field, value, tmp_path):
    ds.certify(Done(certificate(ds)))
    path = ds.folder / "certificates" / "audit-1.json"
    write_checked(path, {**read_checked(path), field: value})
    with pytest.raises(CorruptError, match=r"audit-1\.json holds no certificate"):
        ds.certificates  # noqa: B018
    before = set(tmp_path.parent.rglob("*elsewhere*"))
    with pytest.warns(NbalabelWarning, match="certificates are left out"):
        ds.save(tmp_path / "saved.nbal").close()
    assert set(tmp_path.parent.rglob("*elsewhere*")) == before


def test_a_certificate_of_a_newer_version_is_refused(ds):
    ds.certify(Done(certificate(ds)))
    path = ds.folder / "certificates" / "audit-1.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 9'))
    with pytest.raises(NewerSchemaError, match="schema 9"):
        ds.certificates  # noqa: B018


def test_rows_left_by_a_crash_before_the_certificate_was_written_are_none(ds):
    home = ds.folder / "certificates"
    home.mkdir()
    (home / "audit-2.rows").write_bytes(b"half")
    assert len(ds.certificates) == 0
    ds.certify(Done(certificate(ds, id="audit-2")))
    assert ds.certificates.index.tolist() == ["audit-2"]


def test_fingerprints_differ_for_every_part_that_was_asked_about():
    row = {"image_id": 1, "label": "cod", "mask": b"abc"}
    same = fingerprints(pd.DataFrame([row], index=[4]))[1][0]
    others = [{**row, "image_id": 2}, {**row, "label": "ling"}, {**row, "mask": b"abd"}]
    prints = [fingerprints(pd.DataFrame([other], index=[4]))[1][0] for other in others]
    prints.append(fingerprints(pd.DataFrame([row], index=[5]))[1][0])
    assert len({same, *prints}) == 5
    categorical = pd.DataFrame([row], index=[4]).astype({"label": "category"})
    assert fingerprints(categorical)[1][0] == same

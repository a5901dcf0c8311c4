"""What was used lately is kept, within a limit."""

from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.recent import Recent


def test_what_was_used_last_stays():
    kept = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (list(kept), kept.get("b"), kept.total) == (["a", "c"], None, 2)


def test_a_value_put_again_counts_once():
    kept = Recent(9, size=len)
    kept.put("a", "12345")
    kept.put("a", "123")
    assert (kept.get("a"), kept.total, len(kept)) == ("123", 3, 1)


def test_a_value_above_the_limit_drives_nothing_out_and_is_not_kept():
    kept = Recent(3, size=len)
    kept.put("a", "12")
    assert kept.put("b", "1234") == "1234"
    assert list(kept) == ["a"]
    kept.put("a", "1234")
    assert (list(kept), kept.total) == ([], 0)


def test_the_last_ones_stay_whatever_their_size_where_so_many_are_wanted():
    kept = Recent(3, size=len, least=1)
    for key, value in (("a", "12"), ("b", "12345"), ("c", "1")):
        kept.put(key, value)
    assert list(kept) == ["c"]
    kept.put("d", "123456")
    assert (list(kept), kept.total) == (["d"], 6)


@given(st.lists(st.tuples(st.integers(0, 5), st.text(max_size=6))), st.integers(0, 12))
def test_the_total_is_that_of_what_is_kept_and_within_the_limit(puts, limit):
    kept = Recent(limit, size=len)
    for key, value in puts:
        kept.put(key, value)
        assert kept.get(key) == (value if len(value) <= limit else None)
        assert kept.total == sum(len(kept.get(k)) for k in list(kept)) <= limit

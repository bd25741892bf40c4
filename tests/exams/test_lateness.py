"""What is kept of an answer, and which late answer counts: pure rules, over everything that can be thought of."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams.day import journal
from exams.day.lateness import ON_ITS_WAY, Gap, Verdict, claimed, judge, may_come

WORDS = st.text(alphabet="一二三ab，\n", max_size=60)
BELL = datetime(2026, 9, 16, 3, 0, tzinfo=UTC)
SECONDS = st.integers(-4000, 4000)


# --- the journal


@given(WORDS, WORDS, st.none() | st.integers(1, 9))
def test_what_is_kept_reads_back_whole(before, value, base):
    kept = journal.keep(value, before=before, base=base)
    assert journal.read(kept, before=before) == value
    assert len(kept.value) <= max(len(value), journal.SHORT)


@given(st.lists(st.tuples(WORDS, st.booleans()), max_size=20))
def test_a_page_of_typing_unfolds_to_each_text_it_went_through(texts):
    """An answer that did not count never becomes what a later one is a change of."""
    entries, standing, base = [], "", None
    for seq, (text, counts) in enumerate(texts, 1):
        entries.append((seq, counts, journal.keep(text, before=standing, base=base)))
        if counts:
            standing, base = text, seq
    assert journal.unfold(entries) == [(seq, counts, text) for seq, (text, counts) in enumerate(texts, 1)]


def test_a_journal_with_a_hole_is_told():
    with pytest.raises(KeyError):
        journal.unfold([(2, True, journal.Kept(1, "3,0:好"))])


# --- the rule


def gap(contact=-60, *, wait=10, held=True):
    return Gap(BELL, timedelta(minutes=wait), BELL + timedelta(seconds=contact), held)


def at(seconds):
    return BELL + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("seen", "arrives", "age", "verdict"),
    [
        (gap(), 300, 310_000, Verdict.COUNTS),  # ten seconds before the bell
        (gap(), 300, 300_000, Verdict.COUNTS),  # at the bell
        (gap(), 300, 299_999, Verdict.OUTSIDE),  # after it
        (gap(), 300, 365_000, Verdict.COUNTS),  # on its way at the last contact
        (gap(), 300, 365_001, Verdict.OUTSIDE),  # would have come with it
        (gap(), 600, 610_000, Verdict.COUNTS),
        (gap(), 601, 611_000, Verdict.TOO_LATE),
        (gap(held=False), 300, 310_000, Verdict.ENDED),
        (gap(contact=1), 300, 310_000, Verdict.WAS_THERE),
        (gap(), 300, None, Verdict.NO_AGE),
        (gap(wait=0), 1, 5_000, Verdict.TOO_LATE),
    ],
)
def test_each_condition_to_the_second(seen, arrives, age, verdict):
    assert judge(seen, age=age, now=at(arrives)) is verdict


@given(SECONDS, st.integers(0, 60), st.booleans(), st.none() | st.integers(0, 10_000_000), SECONDS)
def test_nothing_counts_that_the_server_has_not_bounded(contact, wait, held, age, arrives):
    """Whatever the phone says: what counts came in time, from the device that holds it, unheard of since, from inside the gap."""
    seen, now = gap(contact, wait=wait, held=held), at(arrives)
    if judge(seen, age=age, now=now) is Verdict.COUNTS:
        assert age is not None
        assert held
        assert now <= BELL + timedelta(minutes=wait)
        assert seen.contact <= BELL
        assert seen.contact - ON_ITS_WAY <= claimed(now, age) <= BELL


@given(SECONDS, st.integers(0, 60), SECONDS, st.integers(0, 10_000_000))
def test_an_attempt_stays_open_as_long_as_something_may_still_count(contact, wait, arrives, age):
    seen, now = gap(contact, wait=wait), at(arrives)
    if judge(seen, age=age, now=now) is Verdict.COUNTS:
        assert may_come(seen, now=now) or now == seen.until

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses import hours, witness

NINE = datetime(2026, 9, 16, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("now", "opened", "heard", "same", "acted", "room", "credit"),
    [
        # beats in one lesson
        (20, 0, -1000, True, False, 600, 20),
        (20.9, 0, -1000, True, False, 600, 20),
        (60, 0, 0, True, False, 600, 60),
        (61, 0, 0, True, False, 600, 0),
        (80, 0, 20, True, False, 600, 60),
        (81, 0, 20, True, False, 600, 0),
        # a beat that arrives late, after a newer one
        (20, 0, 40, True, False, 600, 0),
        # the page sent again: what lies before it counts no more
        (90, 80, 20, True, False, 600, 10),
        # an act after a long silence with beats counts as little as a beat
        (500, 0, 20, True, True, 600, 0),
        # without script: from the opening to the act, at most what the lesson takes
        (500, 0, -1000, True, True, 600, 500),
        (9000, 0, -1000, True, True, 600, 600),
        (9000, 0, -1000, True, True, 100, 100),
        (9000, 0, -1000, True, True, -5, 0),
        (9000, 0, -1000, True, False, 600, 0),
        # the reader was heard of in another lesson since this one was opened
        (30, 0, 10, False, False, 600, 0),
        (500, 0, 10, False, True, 600, 0),
        # ... or before it was opened
        (30, 15, 10, False, False, 600, 15),
        (500, 15, 10, False, True, 600, 485),
    ],
)
def test_what_is_credited(
    now: float, opened: float, heard: float, same: bool, acted: bool, room: int, credit: int
) -> None:
    assert credit == witness.credited(
        now=at(now), opened_at=at(opened), heard_at=at(heard), same_lesson=same, acted=acted, room=room
    )


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["open", "beat", "act"]), st.integers(0, 400)), max_size=60)
)
def test_all_lessons_together_never_get_more_than_the_clock_on_the_wall(moves: list[tuple[int, str, int]]) -> None:
    now, heard, place, total = NINE, NINE - timedelta(days=1), -1, 0
    opened = dict.fromkeys(range(4), NINE)
    for lesson, move, wait in moves:
        now += timedelta(seconds=wait)
        if move == "open":
            opened[lesson] = now
            continue
        total += witness.credited(
            now=now,
            opened_at=opened[lesson],
            heard_at=heard,
            same_lesson=lesson == place,
            acted=move == "act",
            room=600,
        )
        heard, place = now, lesson
    assert total <= (now - NINE).total_seconds()


@pytest.mark.parametrize(
    ("minutes", "amount", "seconds"),
    [(6, "0.25", 180), (15, "0.25", 450), (16, "0.50", 480), (29, "0.50", 870), (30, "1.00", 900), (90, "1.00", 2700)],
)
def test_hours_by_the_table(minutes: int, amount: str, seconds: int) -> None:
    assert (str(hours.for_minutes(minutes)), hours.seconds_needed(minutes)) == (amount, seconds)

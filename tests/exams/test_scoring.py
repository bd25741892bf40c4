from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams.marks import scoring

D = Decimal


@pytest.mark.parametrize(
    ("kind", "key", "value", "marks", "expected"),
    [
        ("single", [1], [1], "2.0", "2.0"),
        ("single", [1], [0], "2.0", "0"),
        ("single", [1], [], "2.0", "0"),
        ("single", [1], None, "2.0", "0"),
        ("truefalse", [0], [0], "1.5", "1.5"),
        ("truefalse", [0], [1], "1.5", "0"),
        ("multiple", [0, 2, 3], [0, 2, 3], "2.0", "2.0"),
        ("multiple", [0, 2, 3], [3, 2, 0], "2.0", "2.0"),
        ("multiple", [0, 2, 3], [0, 2], "2.0", "1.0"),
        ("multiple", [0, 2, 3], [2], "2.0", "0.5"),
        ("multiple", [0, 2, 3], [0, 1], "2.0", "0"),
        ("multiple", [0, 2, 3], [0, 1, 2, 3], "2.0", "0"),
        ("multiple", [0, 1, 2, 3], [0, 1, 2], "1.0", "1.0"),  # three halves are more than the question is worth
        ("case", [], "先劝开双方", "20.0", None),
        ("case", [], "  \n ", "20.0", "0"),
        ("case", [], "", "20.0", "0"),
    ],
)
def test_marks_of_one_answer(kind, key, value, marks, expected):
    assert scoring.score(kind, key=key, value=value, marks=D(marks)) == (None if expected is None else D(expected))


choices = st.sets(st.integers(0, 5), max_size=6)


@given(key=choices.filter(bool), value=choices, tenths=st.integers(1, 400))
def test_multiple_is_never_negative_never_above_full_and_full_only_for_the_key(key, value, tenths):
    marks = D(tenths) / 10
    given_marks = scoring.score("multiple", key=key, value=value, marks=marks)
    assert 0 <= given_marks <= marks
    assert (given_marks == 0) == (not value or not value <= key)
    if value == key:
        assert given_marks == marks


@given(key=choices.filter(lambda k: len(k) > 1), value=choices, tenths=st.integers(1, 400))
def test_one_more_right_option_never_costs_marks(key, value, tenths):
    marks, right = D(tenths) / 10, value & key
    for more in key - right:
        fewer = scoring.score("multiple", key=key, value=right, marks=marks)
        assert scoring.score("multiple", key=key, value=right | {more}, marks=marks) >= fewer


def test_ticked_points_add_up_and_stop_at_full_marks():
    points = [{"marks": "8.0"}, {"marks": "6.5"}, {"marks": "6.0"}]
    assert scoring.ticked(points, [0, 2, 2], marks=D(20)) == D("14.0")
    assert scoring.ticked(points, [0, 1, 2], marks=D(20)) == D(20)
    assert scoring.ticked(points, [], marks=D(20)) == 0

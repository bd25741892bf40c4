from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import quota

FIFTH = D("0.200")


@pytest.mark.parametrize(
    ("appraised", "sentence"),
    [
        (37, "参评 37 人 × 20% = 7.4 → 7 名"),
        (40, "参评 40 人 × 20% = 8 → 8 名"),
        (4, "参评 4 人 × 20% = 0.8 → 0 名"),
        (0, "参评 0 人 × 20% = 0 → 0 名"),
        (1219, "参评 1219 人 × 20% = 243.8 → 243 名"),
    ],
)
def test_places_are_rounded_down_and_say_how(appraised, sentence):
    assert quota.places(appraised, FIFTH).sentence == sentence


def test_the_best_get_the_places():
    cut = quota.choose([(1, D(91)), (2, D(95)), (3, D(93))], quota.places(10, FIFTH))
    assert (cut.chosen, cut.rank) == (frozenset({2, 3}), {2: 1, 3: 2, 1: 3})
    assert cut.sentence == "达到分数线的有 3 人，名额 2 名，按得分取前 2 名。"


def test_a_tie_at_the_cut_stays_outside():
    cut = quota.choose([(1, D(95)), (2, D(92)), (3, D(92)), (4, D(90))], quota.places(10, FIFTH))
    assert (cut.chosen, cut.rank) == (frozenset({1}), {1: 1, 2: 2, 3: 2, 4: 4})
    assert cut.sentence == ("达到分数线的有 4 人，名额 2 名，按得分取前 1 名；接下来 2 人同分，只剩 1 个名额，都不进。")


def test_with_room_for_all_all_get_in():
    cut = quota.choose([(1, D(95)), (2, D(92))], quota.places(20, FIFTH))
    assert (cut.chosen, cut.sentence) == (frozenset({1, 2}), "达到分数线的 2 人都在名额 4 名以内。")


scores = st.lists(st.decimals(80, 100, places=1), max_size=40)


@given(scores, st.integers(0, 200), st.sampled_from([D("0.200"), D("0.250"), D("0.150")]))
def test_never_above_the_quota_and_never_a_better_one_left_out(values, appraised, share):
    limit = quota.places(appraised, share)
    cut = quota.choose(list(enumerate(values)), limit)
    assert limit.places <= share * appraised < limit.places + 1
    assert len(cut.chosen) <= limit.places
    left = [value for key, value in enumerate(values) if key not in cut.chosen]
    assert all(values[key] > max(left) for key in cut.chosen) if left else True
    # one more score would not have fitted
    if left:
        assert len(cut.chosen) + left.count(max(left)) > limit.places

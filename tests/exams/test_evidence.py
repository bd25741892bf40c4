"""What is odd in the answers, as a reason for a person to look. Never a verdict."""

from datetime import timedelta
from math import comb
from random import Random

import pytest

from exams.day import attempts
from exams.models import Incident
from exams.room import evidence, likeness
from lms.models import AuditEntry
from lms.refusal import Refused
from tests.exams.conftest import begin, save

# --- the arithmetic --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "same"),
    [
        ({(1, "[0]"): 10}, {1: 1.0}),  # one wrong answer only: always the same
        ({(1, "[0]"): 5, (1, "[2]"): 5}, {1: 0.5}),
        ({(1, "[0]"): 3, (1, "[2]"): 1, (2, "[0]"): 1, (2, "[1]"): 1}, {1: 0.625, 2: 0.5}),
    ],
)
def test_how_likely_two_wrong_answers_are_the_same(chosen, same):
    assert likeness.same_by_chance(chosen) == same


@pytest.mark.parametrize(
    ("wanted", "chances", "probability"),
    [
        (0, [0.3, 0.4], 1.0),
        (1, [0.5], 0.5),
        (2, [0.5, 0.5], 0.25),
        (3, [1.0, 1.0], 0.0),
        (2, [1.0, 0.3], 0.3),
        (8, [0.25] * 10, sum(comb(10, k) * 0.25**k * 0.75 ** (10 - k) for k in range(8, 11))),
    ],
)
def test_the_chance_of_so_many(wanted, chances, probability):
    assert likeness.at_least(wanted, chances) == pytest.approx(probability)


def sheet(chance, *, wrong=15, of=50):
    return {(question, f"[{chance.randrange(3)}]") for question in chance.sample(range(of), wrong)}


def test_people_who_have_nothing_to_do_with_each_other_are_not_told_of():
    chance = Random(5)
    blocks = [{place * 1000 + who: frozenset(sheet(chance)) for who in range(100)} for place in range(5)]
    same = dict.fromkeys(range(50), 1 / 3)
    assert likeness.alike(blocks, same) == []


@pytest.mark.parametrize(("copied", "told"), [(15, 1), (12, 1), (5, 0)])
def test_who_has_the_same_wrong_answers_is(copied, told):
    chance = Random(5)
    block = {who: frozenset(sheet(chance)) for who in range(100)}
    theirs = sorted(block[7])[:copied]
    block[8] = frozenset(theirs)
    found = likeness.alike([block], dict.fromkeys(range(50), 1 / 3))
    assert [(pair.one, pair.other, pair.alike) for pair in found] == [(7, 8, copied)] * told


def test_a_room_that_copied_as_one_is_a_few_lines_for_each():
    same = frozenset(sheet(Random(5)))
    found = likeness.alike([dict.fromkeys(range(40), same)], dict.fromkeys(range(50), 1 / 3))
    assert 0 < len(found) <= 40 * likeness.MOST_EACH / 2


def test_a_whole_city_is_compared_in_seconds():
    chance = Random(5)
    blocks = [{place * 1000 + who: frozenset(sheet(chance)) for who in range(101)} for place in range(12)]
    assert likeness.alike(blocks, dict.fromkeys(range(50), 1 / 3)) == []  # a sixth of the city


@pytest.mark.parametrize(
    ("own", "people", "told"),
    [(2, 30, True), (20, 30, False), (45, 30, False), (2, 10, False)],
)
def test_who_is_far_quicker_than_the_others(own, people, told):
    chance = Random(5)
    times = {who: (50 * 40 * chance.lognormvariate(0, 0.3), 50) for who in range(1, people)}
    found = likeness.quick({**times, 0: (50.0 * own, 50)})
    assert (0 in [one.who for one in found]) == told


def test_who_answered_little_was_quick_for_another_reason():
    times = {who: (2000.0 + who, 50) for who in range(30)}
    assert likeness.quick({**times, 99: (9.0, 9)}) == []


# --- the verb --------------------------------------------------------------------------------------------------------


@pytest.fixture
def copied(make_exam, hire, city, now):
    """Sixteen wrong answers of two neighbours are the same; two others have their own."""
    people = [hire(f"C{n}", f"赵{n}", city.township, grid=n % 2) for n in range(4)]
    exam = make_exam(sections=[{"kind": "single", "count": 16, "marks": "5.0", "subject": ""}])
    items, chance = list(exam.items.order_by("pk")), Random(3)
    wrong = [0, 2, 3]
    first = [chance.choice(wrong) for _item in items]
    sheets = [
        first,
        first,
        [wrong[(wrong.index(one) + 1) % 3] for one in first],
        [wrong[(wrong.index(one) + 2) % 3] for one in first],
    ]
    for person, answers in zip(people, sheets, strict=True):
        attempt = begin(exam, person, now)
        for item, value in zip(items, answers, strict=True):
            save(attempt, item, [value], now)
        attempts.hand_in(attempt, now=now + timedelta(minutes=30))
    return exam


@pytest.mark.django_db
def test_what_is_odd_is_noted_on_both_once(copied, now):
    after = copied.closes_at
    assert evidence.weigh(copied, now=after).alike == 2
    assert evidence.weigh(copied, now=after + timedelta(hours=1)) == (0, 0)
    noted = list(Incident.objects.order_by("attempt").values_list("attempt__worker__number", "kind", "detail__alike"))
    assert noted == [("C0", "alike", 16), ("C1", "alike", 16)]
    assert AuditEntry.objects.get(action="exam.weighed").detail == {"alike": 2, "fast": 0}
    states = set(copied.attempts.exclude(worker__number="x").values_list("state", flat=True))
    assert states == {"marked"}  # nothing follows from it by itself


@pytest.mark.django_db
def test_not_before_all_have_handed_in(sitting, now):
    for moment in (now, sitting.exam.closes_at):
        with pytest.raises(Refused, match="还有人在作答"):
            evidence.weigh(sitting.exam, now=moment)

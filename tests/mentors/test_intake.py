"""Many marks at once count by the rules of the queue, each once."""

from datetime import timedelta
from decimal import Decimal

from exams.models import Attempt, AttemptState, Award
from mentors import intake, queue
from mentors.models import Claim
from records.models import SkillRecord


def marked(mentor, attempt, item, now, points=(0, 1)):
    return intake.Marked(mentor, attempt.pk, item.pk, list(points), "好", now - timedelta(minutes=3), now)


def test_marks_are_taken_in_once_with_the_mentors_service(mentor, crowd, items, now):
    attempts = crowd(3)
    given = [marked(mentor, attempt, items[0], now) for attempt in attempts]
    assert intake.take_in([*given, given[0]], now=now) == 3
    assert intake.take_in(given, now=now) == 0
    assert list(Attempt.objects.values_list("state", "marks")) == [(AttemptState.MARKED, Decimal("7.0"))] * 3
    assert Claim.objects.count() == Award.objects.count() == SkillRecord.objects.count() == 3
    assert set(SkillRecord.objects.values_list("worker", "amount")) == {(mentor.worker_id, Decimal("0.05"))}


def test_what_is_in_a_hand_and_what_is_not_fair_is_left_alone(mentor, crowd, hire, hand_in, city, items, now):
    crowd(1)
    held = queue.claim(mentor, now=now)
    own = hand_in(hire("W0009", "周某", city.neighbour), "同乡的")
    given = [marked(mentor, held.attempt, items[0], now), marked(mentor, own, items[0], now)]
    assert intake.take_in(given, now=now) == 0
    assert Award.objects.count() == 0

"""Four mentors draw from fifty answers at once: each answer goes out exactly once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from exams.models import Attempt, AttemptState, Award
from mentors import queue
from mentors.models import Claim
from tests.mentors.test_queue import other_mentor


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_answer_is_handed_out_twice(hire, city, crowd, now):
    moment = timezone.now()
    crowd(50)
    mentors = [
        other_mentor(hire, city, now, f"W010{n}", city.township_b if n % 2 else city.neighbour) for n in range(4)
    ]

    def work(mentor):
        done = []
        try:
            while taken := queue.claim(mentor, now=moment + timedelta(seconds=len(done))):
                queue.award(taken, points=[0], remark="", now=moment)
                done.append(taken.attempt_id)
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(4) as pool:
        handed_out = [attempt for done in pool.map(work, mentors) for attempt in done]
    assert sorted(handed_out) == sorted(Attempt.objects.values_list("pk", flat=True))
    assert Claim.objects.count() == Award.objects.filter(superseded=False).count() == Award.objects.count() == 50
    assert set(Attempt.objects.values_list("state", flat=True)) == {AttemptState.MARKED}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_double_click_gets_one_answer(mentor, crowd, now):
    crowd(10)
    moment = timezone.now()

    def click(_number):
        try:
            return queue.claim(mentor, now=moment).key
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        keys = set(pool.map(click, range(8)))
    assert len(keys) == Claim.objects.count() == 1

"""The marking queue: fair, in one hand at a time, question by question, and nothing lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from exams.marks import marking
from exams.models import Attempt, AttemptState, Award
from lms.refusal import Refused
from mentors import appointment, queue
from mentors.models import Claim, Mentor
from records.models import Kind, SkillRecord


def test_the_next_answer_is_handed_out_for_half_an_hour(mentor, worker, hand_in, now):
    attempt = hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    assert (taken.attempt, taken.mentor, taken.done_at) == (attempt, mentor, None)
    assert taken.expires_at == now + timedelta(minutes=30)


def test_what_is_in_hand_is_given_again(mentor, crowd, now):
    crowd(3)
    assert queue.claim(mentor, now=now) == queue.claim(mentor, now=now)
    assert Claim.objects.count() == 1


def test_nothing_waits(mentor, now):
    assert queue.claim(mentor, now=now) is None


def test_nobody_marks_their_own_township_or_their_own_paper(mentor, hire, hand_in, city, now):
    hand_in(mentor.worker, "我自己的")
    hand_in(hire("W0009", "周某", city.neighbour), "同乡的")
    assert queue.claim(mentor, now=now) is None


def test_county_level_marks_the_whole_city_and_township_level_the_own_county(
    mentor, worker, outsider, hand_in, city, now
):
    hand_in(outsider, "外县的")
    assert queue.waiting(mentor, now=now).count() == 1
    mentor.level, mentor.territory = Mentor.TOWNSHIP, city.neighbour
    mentor.save()
    assert queue.waiting(mentor, now=now).count() == 0
    hand_in(worker, "本县的")
    assert queue.waiting(mentor, now=now).count() == 1


def test_blank_answers_and_papers_still_being_sat_do_not_wait(mentor, worker, hand_in, now):
    attempt = hand_in(worker, "写了一半")
    attempt.state = AttemptState.SITTING
    attempt.save()
    assert queue.claim(mentor, now=now) is None


def test_question_by_question_and_not_in_the_order_of_the_roster(mentor, crowd, items, hand_in, now):
    attempts = crowd(12)
    from exams.models import Answer

    Answer.objects.bulk_create(
        [Answer(attempt=a, item=items[1], value="第二题", seq=1, saved_at=now, waits=True) for a in attempts]
    )
    order = []
    while taken := queue.claim(mentor, now=now):
        queue.award(taken, points=[0], remark="", now=now)
        order.append((taken.item_id, taken.attempt_id))
    assert [item for item, _attempt in order] == [items[0].pk] * 12 + [items[1].pk] * 12
    first = [attempt for item, attempt in order if item == items[0].pk]
    assert sorted(first) == [attempt.pk for attempt in attempts]
    assert first != sorted(first)


def test_an_answer_in_hand_goes_to_nobody_else_until_the_lease_runs_out(mentor, hire, worker, hand_in, city, now):
    other = other_mentor(hire, city, now)
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    assert queue.claim(other, now=now + timedelta(minutes=29)) is None
    handed_on = queue.claim(other, now=now + timedelta(minutes=31))
    assert (handed_on.pk, handed_on.mentor) == (taken.pk, other)
    assert handed_on.key != taken.key


def test_award_gives_marks_settles_and_posts_service(mentor, worker, hand_in, exam, now):
    attempt = hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    given = queue.award(taken, points=[0, 2], remark=" 好 ", now=now)
    assert (given.marks, given.remark, given.marker) == (Decimal("7.0"), "好", mentor.worker.user)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.marks) == (AttemptState.MARKED, Decimal("7.0"))
    service = SkillRecord.objects.get(worker=mentor.worker)
    assert (service.kind, service.source, service.amount) == (
        Kind.SERVICE,
        f"mentors.claim:{taken.pk}",
        Decimal("0.05"),
    )


def test_the_same_mark_twice_changes_nothing(mentor, worker, hand_in, now):
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    assert queue.award(taken, points=[1], remark="", now=now) == queue.award(taken, points=[1], remark="", now=now)
    assert Award.objects.count() == SkillRecord.objects.count() == 1


def test_a_mark_is_changed_until_the_result_is_out(mentor, worker, hand_in, exam, now):
    attempt = hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    queue.award(taken, points=[1], remark="", now=now)
    queue.award(taken, points=[0, 1, 2], remark="看漏了", now=now)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.marks) == (AttemptState.MARKED, Decimal("10.0"))
    assert list(Award.objects.order_by("pk").values_list("marks", "superseded")) == [
        (Decimal("3.0"), True),
        (Decimal("10.0"), False),
    ]
    assert SkillRecord.objects.filter(kind=Kind.SERVICE).count() == 1
    out = exam.results_at
    marking.post_results(exam, now=out)
    with pytest.raises(Refused, match="已经出分"):
        queue.award(taken, points=[], remark="", now=out)
    attempt.refresh_from_db()
    assert attempt.marks == Decimal("10.0")


def test_award_refuses_what_was_handed_on(mentor, hire, worker, hand_in, city, now):
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    later = now + timedelta(minutes=31)
    handed_on = queue.claim(other_mentor(hire, city, now), now=later)
    with pytest.raises(Refused, match="已经交给别的小教员"):
        queue.award(taken, points=[0], remark="", now=later)
    queue.award(handed_on, points=[0], remark="", now=later)
    assert Award.objects.count() == 1


def test_a_lease_that_ran_out_but_was_not_handed_on_is_still_good(mentor, worker, hand_in, now):
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    assert queue.award(taken, points=[0], remark="", now=now + timedelta(hours=2)).marks == Decimal("4.0")


def test_an_answer_given_back_waits_again(mentor, worker, hand_in, now):
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    queue.give_back(taken)
    assert queue.waiting(mentor, now=now).count() == 1
    assert queue.claim(mentor, now=now).key != taken.key


def test_what_is_marked_is_not_given_back(mentor, worker, hand_in, now):
    hand_in(worker, "先断电")
    taken = queue.claim(mentor, now=now)
    queue.award(taken, points=[0], remark="", now=now)
    queue.give_back(taken)
    assert Claim.objects.filter(pk=taken.pk).exists()


def test_a_mentor_whose_term_has_ended_gets_nothing(mentor, worker, hand_in, county_admin, now):
    hand_in(worker, "先断电")
    queue.claim(mentor, now=now)
    appointment.end(mentor, on=timezone.localdate(now), by=county_admin, now=now)
    assert Claim.objects.count() == 0
    with pytest.raises(Refused, match="聘期已结束"):
        queue.claim(mentor, now=now)


def other_mentor(hire, city, now, number="W0008", township=None):
    worker = hire(number, "刘敏", township or city.neighbour)
    since = timezone.localdate(now) - timedelta(days=9)
    return Mentor.objects.create(worker=worker, level=Mentor.COUNTY, territory=worker.township.parent, since=since)


def test_the_two_forms_of_the_rule_agree(mentor, worker, outsider, colleague, hire, hand_in, city):
    writers = [worker, outsider, colleague, mentor.worker, hire("W0009", "周某", city.neighbour)]
    attempts = {hand_in(writer, "写了"): writer for writer in writers}
    for level, territory in [(Mentor.COUNTY, city.county), (Mentor.TOWNSHIP, city.neighbour)]:
        mentor.level, mentor.territory = level, territory
        listed = {answer.attempt for answer in queue.within(mentor, marking.waiting())}
        one_by_one = {
            attempt
            for attempt, by in attempts.items()
            if queue.fair(mentor, worker_id=by.pk, township_id=by.township_id, county_id=by.township.parent_id)
        }
        assert listed == one_by_one


def test_nobody_marks_an_exam_they_have_yet_to_sit(mentor, worker, hand_in, exam, now):
    """The rubric and the reference answer are the key to their own paper."""
    hand_in(worker, "先断电。")
    exam.closes_at = now + timedelta(hours=1)
    exam.save()
    own = Attempt.objects.create(exam=exam, worker=mentor.worker, paper=[], state=AttemptState.DUE)
    assert queue.claim(mentor, now=now) is None
    Attempt.objects.filter(pk=own.pk).update(state=AttemptState.HANDED_IN, receipt="R-1", finished_at=now)
    assert queue.claim(mentor, now=now) is not None

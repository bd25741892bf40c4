"""An exam and its resit: who sits it, what it asks, and which result stands in the ledger."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exams import tasks
from exams.before import candidates, drafts, drawing, papers
from exams.day import attempts
from exams.marks import marking, resits
from exams.marks.resits import Sat
from exams.models import Attempt, AttemptState, Exam
from exams.room import interventions
from lms.refusal import Refused
from records.models import Certificate, Kind, SkillRecord
from tests.exams.conftest import begin, item_of, save

FAILED, BETTER, PASSED, TOP = (
    Sat(Decimal("0.4"), False),
    Sat(Decimal("0.5"), False),
    Sat(Decimal("0.6"), True),
    Sat(Decimal("0.9"), True),
)
ABSENT = Sat(Decimal(0), False, absent=True)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("rule", "before", "resit", "stands"),
    [
        ("best", FAILED, BETTER, True),
        ("best", BETTER, FAILED, False),
        ("best", FAILED, FAILED, False),
        ("best", ABSENT, FAILED, True),
        ("best", FAILED, ABSENT, False),
        ("last", BETTER, FAILED, True),
        ("last", TOP, FAILED, True),
        ("last", BETTER, ABSENT, False),
        ("last", ABSENT, ABSENT, False),
        ("capped", FAILED, PASSED, True),
        ("capped", BETTER, FAILED, False),
        ("capped", ABSENT, FAILED, True),
    ],
)
def test_which_result_stands(rule, before, resit, stands):
    assert resits.resit_stands(rule, before=before, resit=resit) is stands


@pytest.mark.parametrize(
    ("sat", "stands"),
    [
        ([], None),
        ([("", FAILED)], 0),  # the resit was voided: the first again
        ([("best", FAILED)], 0),  # the first was voided: the resit alone, whatever its rule
        ([("last", ABSENT)], 0),
        ([("", FAILED), ("best", BETTER), ("best", FAILED)], 1),
        ([("", FAILED), ("last", BETTER), ("last", FAILED)], 2),
        ([("", FAILED), ("last", ABSENT), ("best", ABSENT)], 0),
        ([("", ABSENT), ("capped", FAILED), ("capped", PASSED)], 2),
        ([("best", BETTER), ("last", FAILED)], 1),
        ([("best", BETTER), ("capped", FAILED)], 0),
    ],
)
def test_which_of_several_stands(sat, stands):
    assert resits.which_stands(sat) == stands


SATS = st.builds(Sat, st.decimals(0, 1, places=3), st.booleans(), st.just(False))


@given(before=SATS, resit=SATS)
def test_best_and_capped_never_make_anybody_worse(before, resit):
    for rule in ("best", "capped"):
        kept = resit if resits.resit_stands(rule, before=before, resit=resit) else before
        assert (kept.passed, kept.share) >= (before.passed, before.share)
        assert (kept.passed, kept.share) >= (resit.passed, resit.share)


@given(
    marks=st.decimals(0, 100, places=1),
    need=st.decimals(0, 100, places=1),
    rule=st.sampled_from(["best", "last", "capped"]),
)
def test_a_capped_mark_still_says_whether_it_was_enough(marks, need, rule):
    got = resits.counted(marks, need=need, rule=rule)
    assert (got >= need) == (marks >= need)
    assert got <= marks
    assert got == marks if rule != "capped" else got <= need


# --- in the city


@pytest.fixture
def first(make_exam, worker, colleague, outsider, now) -> Exam:
    """Over and out: `worker` failed, `colleague` passed, `outsider` stayed away."""
    draft = make_exam(
        ready=False,
        opens_at=now - 9 * DAY,
        closes_at=now - 8 * DAY,
        pass_marks=20,
        sections=[{"kind": "single", "count": 3, "marks": "20.0", "subject": ""}],
    )
    then = now - 9 * DAY
    exam = papers.publish(draft, by=None, now=then)
    drawing.draw(exam, now=then)
    attempts.hand_in(begin(exam, worker, then), now=then)
    good = begin(exam, colleague, then)
    for place in range(3):
        save(good, item_of(good, "single", place), [1], then)
    attempts.hand_in(good, now=then)
    tasks.close_overdue()
    return exam


@pytest.fixture
def resit_of(first, city, now):
    def resit_of(rule="best", ready=True):
        exam = Exam.objects.create(
            title="三季度补考",
            kind="resit",
            resit_of=first,
            counts=rule,
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(hours=2),
            sections=first.sections,
            pass_marks=20,
            territory=city.territory,
            seed="43",
            late_minutes=0,
        )
        if ready:
            exam = papers.publish(exam, by=None, now=now)
            drawing.draw(exam, now=now)
        return exam

    return resit_of


def sit(exam, worker, right, now):
    attempt = begin(exam, worker, now)
    for place in range(right):
        save(attempt, item_of(attempt, "single", place), [1], now)
    return attempts.hand_in(attempt, now=now)


def standing(worker):
    return [(r.title, r.result, r.amount) for r in SkillRecord.objects.standing().filter(worker=worker, kind=Kind.EXAM)]


def test_who_failed_was_absent_or_void_sits_a_resit_and_nobody_else(
    first, resit_of, worker, colleague, outsider, mentor
):
    mine = {a.worker_id: a for a in first.attempts.all()}
    assert mine[outsider.pk].state == AttemptState.ABSENT
    resit = resit_of()
    assert set(resit.attempts.values_list("worker_id", flat=True)) == {worker.pk, outsider.pk} | (
        {mentor.pk} if mentor.pk in mine else set()
    )
    Attempt.objects.filter(pk=mine[outsider.pk].pk).update(state=AttemptState.EXEMPT)
    Attempt.objects.filter(pk=mine[colleague.pk].pk).update(state=AttemptState.VOID)
    who = set(candidates.of(resit).values_list("pk", flat=True))
    assert (outsider.pk in who, colleague.pk in who) == (False, True)


def test_a_resit_asks_other_questions_where_the_banks_hold_enough(first, resit_of):
    asked = set(first.items.values_list("question", flat=True))
    again = set(resit_of().items.values_list("question", flat=True))
    assert not asked & again
    scarce = resit_of(ready=False)
    scarce.sections = [{"kind": "single", "count": 60, "marks": "1.0", "subject": ""}]
    assert papers.plan(scarce)[0].again == 6  # three of the first exam, three of the resit before


def test_nothing_is_called_before_the_first_exam_is_finished(make_exam, worker, city, now):
    exam = make_exam(opens_at=now - DAY, closes_at=now - timedelta(hours=1), results_at=now + DAY)
    draft = Exam(kind="resit", resit_of=exam, counts="best", opens_at=now, closes_at=now + DAY, sections=exam.sections)
    assert "“三季度业务考试”9月17日 10:00 才公布成绩，公布以后才能发布补考。" in candidates.objections(draft, now=now)
    exam.results_at = None
    exam.save()
    assert "还有 1 份答卷没有出成绩" in candidates.objections(draft, now=now)[0]
    tasks.close_overdue()
    assert candidates.objections(draft, now=now) == []


@pytest.mark.parametrize(
    ("rule", "right", "stands"),
    [
        ("best", 2, ("三季度补考", "passed", 40)),
        ("best", 0, ("三季度业务考试", "failed", 0)),
        ("last", 0, ("三季度补考", "failed", 0)),
        ("capped", 3, ("三季度补考", "passed", 20)),
    ],
)
def test_one_result_of_a_year_stands_and_the_other_says_why_not(resit_of, worker, client_of, now, rule, right, stands):
    resit = resit_of(rule)
    sit(resit, worker, right, now)
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    for _twice in range(2):
        tasks.close_overdue()
    assert standing(worker) == [stands]
    records = SkillRecord.objects.originals().filter(worker=worker, kind=Kind.EXAM)
    assert records.count() == 2
    (fallen,) = records.exclude(reversal=None)
    assert ("为准" in fallen.reversal.reason, fallen.title != stands[0]) == (True, True)
    assert Certificate.objects.filter(worker=worker).count() == (stands[1] == "passed")
    page = client_of(worker.user).get("/records/exams/").text
    assert fallen.reversal.reason in page
    assert "<del>" in page


def test_who_stays_away_from_a_resit_loses_nothing(resit_of, worker, now):
    resit = resit_of("last")
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    tasks.close_overdue()
    assert standing(worker) == [("三季度业务考试", "failed", 0)]


def test_of_two_years_each_keeps_its_own(first, resit_of, worker, now):
    SkillRecord.objects.filter(worker=worker).update(year=now.year - 1)
    resit = resit_of("best")
    sit(resit, worker, 3, now)
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    tasks.close_overdue()
    assert len(standing(worker)) == 2


def test_a_resit_is_drafted_from_a_closed_exam_once(first, make_exam, city_admin, now):
    draft = drafts.resit(first, by=city_admin, now=now)
    assert (draft.title, draft.kind, draft.counts, draft.tries) == ("三季度业务考试补考", "resit", "best", 1)
    assert draft.opens_at > now
    assert drafts.resit(first, by=city_admin, now=now) == draft
    for exam, code in ((make_exam(), "open"), (make_exam(kind="mock"), "kind")):
        with pytest.raises(Refused) as refused:
            drafts.resit(exam, by=city_admin, now=now)
        assert refused.value.code == code


def test_a_result_settled_by_a_person_is_posted_by_the_same_rule(resit_of, worker, now):
    resit = resit_of("best")
    attempt = sit(resit, worker, 1, now)
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    Attempt.objects.filter(pk=attempt.pk).update(state=AttemptState.HANDED_IN, marks=None)
    marking.settle(attempt, now=now)
    assert standing(worker) == [("三季度补考", "passed", 20)]


# --- voided after the results were out


def void(attempt, asks, decides, now):
    asked = interventions.ask(attempt, measure="void", reason="替考", by=asks, now=now)
    interventions.decide(asked, agreed=True, by=decides, now=now)


FIRST, RESIT = "三季度业务考试", "三季度补考"


@pytest.mark.parametrize(
    ("rule", "right", "voided", "stands", "valid"),
    [
        ("best", 2, "resit", (FIRST, "failed", 0), 0),
        ("last", 0, "resit", (FIRST, "failed", 0), 0),
        ("capped", 3, "resit", (FIRST, "failed", 0), 0),
        ("best", 2, "first", (RESIT, "passed", 40), 1),
        ("best", 0, "first", (RESIT, "failed", 0), 0),  # had been reversed: the first was as good
        ("last", 0, "first", (RESIT, "failed", 0), 0),
        ("capped", 3, "first", (RESIT, "passed", 20), 1),
    ],
)
def test_what_stands_when_one_of_both_is_voided(
    first, resit_of, worker, township_admin, county_admin, now, rule, right, voided, stands, valid
):
    resit = resit_of(rule)
    sat = {"resit": sit(resit, worker, right, now), "first": first.attempts.get(worker=worker)}
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    tasks.close_overdue()
    void(sat[voided], township_admin, county_admin, now)
    assert standing(worker) == [stands]
    assert Certificate.objects.filter(worker=worker, revoked_at=None).count() == valid
    tasks.close_overdue()
    assert standing(worker) == [stands]
    other = "first" if voided == "resit" else "resit"
    void(sat[other], township_admin, county_admin, now)  # now nothing is left
    assert standing(worker) == []
    assert not Certificate.objects.filter(worker=worker, revoked_at=None).exists()


def test_a_result_that_stands_again_is_what_the_next_resit_is_held_against(
    first, resit_of, worker, township_admin, county_admin, now
):
    resit = resit_of("best")
    attempt = sit(resit, worker, 2, now)
    Exam.objects.filter(pk=resit.pk).update(closes_at=now)
    tasks.close_overdue()
    void(attempt, township_admin, county_admin, now)
    again = resit_of("best")
    sit(again, worker, 3, now)
    Exam.objects.filter(pk=again.pk).update(closes_at=now)
    tasks.close_overdue()
    assert standing(worker) == [(RESIT, "passed", 60)]
    assert SkillRecord.objects.filter(worker=worker, source=f"exams.exam:{first.pk}:restored:{attempt.pk}").count() == 1

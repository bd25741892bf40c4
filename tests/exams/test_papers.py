from datetime import timedelta
from decimal import Decimal

import pytest

from exams.before import drawing, papers
from exams.models import Attempt, PaperItem, Question
from lms.refusal import Refused
from records.models import SkillRecord
from tests.exams.conftest import CASE, SECTIONS


def test_publishing_freezes_the_questions(make_exam):
    exam = make_exam()
    item = exam.items.filter(kind="single").first()
    before = dict(item.content)
    Question.objects.filter(pk=item.question_id).update(stem="改过了", key=[3])
    assert PaperItem.objects.get(pk=item.pk).content == before
    assert list(exam.items.order_by("pk").values_list("section", "kind", "marks")) == [
        (0, "single", Decimal("10.0")),
        (0, "single", Decimal("10.0")),
        (1, "multiple", Decimal("20.0")),
        (2, "truefalse", Decimal("20.0")),
    ]


def test_published_once_and_the_same_by_the_same_seed(make_exam, now):
    first, second = make_exam(), make_exam()
    papers.publish(first, by=None, now=now)
    stems = [[item.content["stem"] for item in exam.items.order_by("pk")] for exam in (first, second)]
    assert stems[0] == stems[1]
    assert len(stems[0]) == 4


def test_refuses_in_words_when_the_banks_hold_too_few(make_exam, now):
    exam = make_exam(
        ready=False, sections=[{"kind": "multiple", "count": 9, "marks": "2.0", "subject": "policy"}], pass_marks=10
    )
    with pytest.raises(Refused) as refusal:
        papers.publish(exam, by=None, now=now)
    assert refusal.value.sentence == "题库里“政策法规”的多项选择题只有 3 道可用，试卷要 9 道，请先补题，或者减少题数。"
    assert exam.items.count() == 0


def test_two_sections_never_share_a_question(make_exam):
    half = {"kind": "multiple", "count": 2, "marks": "2.0", "subject": ""}
    exam = make_exam(ready=False, sections=[half, half], pass_marks=1)
    assert [section.held for section in papers.plan(exam)] == [3, 1]


def test_refuses_a_pass_mark_above_full_marks_and_a_window_that_is_over(make_exam, now):
    exam = make_exam(ready=False, pass_marks=61, closes_at=now - timedelta(minutes=1))
    assert papers.objections(exam, now=now) == [
        "截止时间已经过了，请先改考试时间。",
        "及格分 61 比满分 60 还高，请改及格分或试卷结构。",
    ]


def test_everyone_within_gets_a_paper_of_their_own_once(make_exam, worker, colleague, outsider, city, now):
    exam = make_exam(territory=city.county)
    assert set(exam.attempts.values_list("worker_id", flat=True)) == {worker.pk, colleague.pk}
    assert drawing.draw(exam, now=now) == 0
    paper = exam.attempts.get(worker=worker).paper
    assert paper == papers.order(exam, list(exam.items.order_by("pk")), worker_id=worker.pk)
    assert {entry[0] for entry in paper} == set(exam.items.values_list("pk", flat=True))


def test_orders_differ_between_people_and_keep_true_before_false(make_exam):
    exam = make_exam(sections=[{"kind": "single", "count": 20, "marks": "2.0", "subject": ""}, SECTIONS[2]])
    items = list(exam.items.order_by("pk"))
    one, two = (papers.order(exam, items, worker_id=pk) for pk in (1, 2))
    assert one != two
    assert one[-1][1] == two[-1][1] == [0, 1]
    assert sorted(one[0][1]) == [0, 1, 2, 3]


def test_only_the_named_employment_sits(make_exam, worker, hire, city):
    part = hire("W0100", "王小满", city.township, employment="parttime")
    exam = make_exam(employment="parttime")
    assert list(exam.attempts.values_list("worker_id", flat=True)) == [part.pk]


def test_section_headings_are_the_usual_ones():
    section = {"kind": "single", "count": 20, "marks": "2.0", "subject": ""}
    assert papers.heading(0, section) == "一、单项选择题（共20题，每题2分，共40分。每题只有一个正确答案）"
    assert papers.heading(3, CASE).startswith("四、案例分析题（共1题，每题40分，共40分。")


def test_a_rubric_is_brought_to_the_marks_of_the_paper():
    points = [{"text": "甲", "marks": "8.0"}, {"text": "乙", "marks": "6.0"}, {"text": "丙", "marks": "6.0"}]
    fitted = papers.fit(points, marks=Decimal("15.0"))
    assert [point["marks"] for point in fitted] == ["6.0", "4.5", "4.5"]
    assert papers.fit(points, marks=Decimal(20)) == points


def test_drawing_needs_a_published_exam(make_exam, now):
    with pytest.raises(Refused):
        drawing.draw(make_exam(ready=False), now=now)
    assert (Attempt.objects.count(), SkillRecord.objects.count()) == (0, 0)

"""What a process builds before its first request."""

from datetime import timedelta

import pytest

from exams.day import sheets, warming

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


def test_papers_that_are_open_or_open_soon_are_ready_before_they_are_asked_for(
    make_exam, now, django_assert_num_queries
):
    sheets.forget()
    soon = make_exam(opens_at=now + HOUR / 2)
    opened, later, over = make_exam(), make_exam(opens_at=now + 1.5 * HOUR), make_exam(closes_at=now - HOUR / 2)
    assert warming.warm(now=now) == 2
    with django_assert_num_queries(0):
        for exam in (soon, opened):
            assert sheets.of(exam.pk).parts.asked
    assert not {later.pk, over.pk} & set(sheets._held)


def test_what_goes_wrong_is_a_line_in_the_log_and_no_more(make_exam, now, caplog):
    exam = make_exam()
    exam.items.update(kind="unheard-of")
    sheets.forget()
    assert warming.warm(now=now) == 0
    assert "exam_sheets_not_warm" in caplog.text
    sheets.forget()


def test_an_exam_made_since_is_ready_once_somebody_waits_for_its_bell(make_exam, now, django_assert_num_queries):
    sheets.forget()
    exam = make_exam(opens_at=now + 2 * HOUR, closes_at=now + 4 * HOUR)
    warming.ahead(exam.pk, opens=exam.opens_at, now=now)
    assert not sheets.ready(exam.pk)  # not yet: two hours are long
    warming.ahead(exam.pk, opens=exam.opens_at, now=now + 1.5 * HOUR)
    assert sheets.ready(exam.pk)
    with django_assert_num_queries(0):
        warming.ahead(exam.pk, opens=exam.opens_at, now=now + 1.6 * HOUR)
        assert sheets.of(exam.pk).parts.asked


def test_who_waits_does_not_suffer_from_what_goes_wrong_ahead(make_exam, now, caplog):
    exam = make_exam()
    exam.items.update(kind="unheard-of")
    sheets.forget()
    warming.ahead(exam.pk, opens=now, now=now)
    assert "exam_sheets_not_warm" in caplog.text
    assert not sheets.ready(exam.pk)
    sheets.forget()

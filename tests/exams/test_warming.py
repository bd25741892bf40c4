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

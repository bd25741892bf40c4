"""The demo city is built by the product's own verbs, so it cannot rot; a small one is built here, whole."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from exams.models import Attempt, AttemptState, Exam, Question
from mentors.models import Mentor
from records.models import Assessment, Certificate, Kind, Round, SkillRecord
from roster.models import Correction, Grid, Posting, RoleGrant, Step, Worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_a_small_city_has_everyone_and_a_whole_year() -> None:
    out = StringIO()
    call_command("demo", scale=0.02, seed=7, json=True, stdout=out, stderr=StringIO())
    logins = {login["role"] for login in json.loads(out.getvalue())}
    year = timezone.localdate().year
    assert {
        "市级管理员",
        "县级管理员",
        "乡镇管理员",
        "内容编辑",
        "领导",
        "专职网格员",
        "兼职网格员",
        "县级小教员",
    } <= logins
    assert Worker.objects.count() == max(Grid.objects.count(), round(7280 * 0.02))
    assert Grid.objects.exclude(postings__in=Posting.objects.current()).count() == 0
    assert Mentor.objects.count() == 48
    assert Question.objects.count() >= 200
    assert set(SkillRecord.objects.filter(year=year - 1).values_list("kind", flat=True).distinct()) == set(Kind.values)
    assert Round.objects.filter(scheme__year=year - 1, state=Round.SETTLED).count() == 12
    assert Assessment.objects.filter(round__scheme__year=year - 1).count() == Worker.objects.count()
    now = timezone.now()
    assert Exam.objects.filter(opens_at__lte=now, closes_at__gt=now).exists()
    assert Attempt.objects.filter(state=AttemptState.HANDED_IN).exists()
    assert Certificate.objects.exists()
    assert RoleGrant.objects.count() >= 10
    assert Correction.objects.filter(state="waiting").count() == 2
    assert Step.objects.filter(taken_back_by__isnull=False).exists()
    assert not Worker.objects.filter(identity="").exists()

    with pytest.raises(CommandError):
        call_command("demo", scale=0.02, stdout=StringIO(), stderr=StringIO())


def test_what_a_new_installation_starts_with_may_be_laid_again() -> None:
    first, again = StringIO(), StringIO()
    call_command("lay_ground", stdout=first)
    laid = (Question.objects.count(), SkillRecord.objects.count())
    call_command("lay_ground", stdout=again)
    assert "《网格员保密协议》第 1 版" in first.getvalue()
    assert "《网格员保密协议》第 1 版" not in again.getvalue()
    assert (Question.objects.count(), SkillRecord.objects.count()) == laid

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from lms.models import AuditEntry
from lms.refusal import Refused
from records import assessments, ledger, schemes
from records.models import Assessment, Round, Scheme, SkillRecord
from roster.models import Employment, WorkerState


def graded(drafted):
    return {one.worker.name: (one.score, one.grade, one.reason) for one in drafted.assessments.select_related("worker")}


def test_the_default_schemes_are_made_once_and_add_up(db, skills):
    first = schemes.default_schemes(2025)
    assert schemes.default_schemes(2025) == first
    assert {one.employment: str(one) for one in first} == {
        "fulltime": "2025年专职网格员考核（第1版）",
        "parttime": "2025年兼职网格员考核（第1版）",
    }
    assert {
        e: sum(i.weight for i in one.indicators.exclude(formula="service"))
        for e, one in zip(("fulltime", "parttime"), first, strict=True)
    } == {"fulltime": 100, "parttime": 100}
    assert schemes.target_hours(2025, 1999) == {
        2025: {"fulltime": 24, "parttime": 12},
        1999: {"fulltime": 24, "parttime": 12},
    }


@pytest.mark.postgres
def test_draft_judges_the_county_from_its_ledger(scheme, city, worker, colleague, outsider, county_admin, year_of, now):
    records = year_of(worker)
    year_of(outsider)
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    assert graded(drafted) == {
        "王桂兰": (Decimal("75.85"), "合格", ""),
        "李建国": (Decimal("0.00"), "不合格", ""),
    }
    mine = drafted.assessments.get(worker=worker)
    assert mine.township == worker.township
    assert [(line["indicator"], line["how"], line["points"], line["records"]) for line in mine.lines] == [
        ("学时", "累计 18 学时 ÷ 目标 24 学时 × 25 = 18.75 分", "18.75", [records[0].pk]),
        ("业务考试", "88 ÷ 100 × 35 = 30.80 分", "30.80", [records[1].pk]),
        (
            "技能达标",
            "岗位要求 2 项，已达标 1 项：1 ÷ 2 × 25 = 12.50 分；还缺：矛盾调解",
            "12.50",
            [records[2].pk],
        ),
        ("业务实绩", "2 条记录平均 92 分 ÷ 100 × 15 = 13.80 分", "13.80", [records[3].pk, records[4].pk]),
        ("带教加分", "没有带教服务记录，不加分", "0.00", []),
    ]
    note = AuditEntry.objects.get(action="assessments.drafted")
    assert (note.actor, note.territory, note.detail) == (county_admin, city.county.path, {"workers": 2})


@pytest.mark.postgres
def test_only_the_years_own_records_count_but_skills_stay(scheme, city, worker, post, skills, now):
    from tests.records.conftest import at

    post(worker, "hours", "24", source="a", on=at(2024, 12, 31))
    post(worker, "hours", "6", source="b", on=at(2026, 1, 1))
    post(worker, "skill", "1", source="c", skill_id=skills[0].pk, on=at(2023, 5, 1))
    post(worker, "skill", "1", source="d", skill_id=skills[1].pk, on=at(2026, 1, 1))
    drafted = assessments.draft(scheme, city.county, by=None, now=now)
    assert graded(drafted) == {"王桂兰": (Decimal("12.50"), "不合格", "")}


def test_a_reversed_record_changes_the_sum_of_the_next_draft_only(scheme, city, worker, year_of, now):
    hours = year_of(worker)[0]
    first = assessments.draft(scheme, city.county, by=None, now=now)
    ledger.reverse(hours, by=None, reason="重复", now=now)
    second = assessments.draft(scheme, city.county, by=None, now=now + timedelta(hours=1))
    assert [(one.version, graded(one)["王桂兰"][0]) for one in (first, second)] == [
        (1, Decimal("75.85")),
        (2, Decimal("57.10")),
    ]


def test_part_timers_and_people_who_left_are_not_judged_by_this_scheme(scheme, city, hire, now):
    hire("W1", "甲", city.township)
    hire("W2", "乙", city.township, employment=Employment.PART_TIME)
    hire("W3", "丙", city.township, state=WorkerState.LEFT)
    assert list(graded(assessments.draft(scheme, city.county, by=None, now=now))) == ["甲"]


def test_newcomers_are_not_graded_and_do_not_count_for_the_quota(scheme, city, hire, year_of, now):
    for number in range(5):
        year_of(hire(f"W{number}", f"甲{number}", city.township))
    hire("W9", "新人", city.township, joined_on=date(2025, 11, 1))
    drafted = assessments.draft(scheme, city.county, by=None, now=now)
    assert graded(drafted)["新人"] == (None, "不定等次", "2025年11月上岗，2025年在岗 61 天，不满 183 天，不定等次。")
    quota, holding = assessments.excellent_quota(drafted)
    assert (quota.sentence, holding) == ("参评 5 人 × 20% = 1 → 1 名", 0)


def test_excellent_only_within_the_quota_and_the_rest_hear_why(scheme, city, hire, post, skills, now):
    for number in range(6):
        one = hire(f"W{number}", f"甲{number}", city.township)
        post(one, "hours", "24", source="a")
        post(one, "exam", str(100 - number), source="b", out_of=Decimal(100), result="passed")
        post(one, "skill", "1", source="c", skill_id=skills[0].pk)
        post(one, "skill", "1", source="d", skill_id=skills[1].pk)
        post(one, "work", "60" if number > 3 else "100", source="e", out_of=Decimal(100))
    drafted = assessments.draft(scheme, city.county, by=None, now=now)
    told = "达到优秀分数线；参评 6 人 × 20% = 1.2 → 1 名，按得分排第 2，不在名额内，定为合格。"
    assert graded(drafted)["甲0"] == (Decimal("100.00"), "优秀", "")
    assert graded(drafted)["甲1"] == (Decimal("99.65"), "合格", told)
    assert [grade for _score, grade, _reason in graded(drafted).values()].count("优秀") == 1


@pytest.mark.postgres
def test_settle_fixes_the_newest_version_once(scheme, city, worker, county_admin, now):
    old = assessments.draft(scheme, city.county, by=county_admin, now=now)
    new = assessments.draft(scheme, city.county, by=county_admin, now=now + timedelta(hours=1))
    with pytest.raises(Refused, match="第 1 版初评已经有了更新的第 2 版"):
        assessments.settle(old, by=county_admin, now=now)
    later = now + timedelta(days=1)
    assessments.settle(new, by=county_admin, now=later)
    assessments.settle(new, by=county_admin, now=later + timedelta(days=1))
    new.refresh_from_db()
    assert (new.state, new.settled_by, new.settled_at) == (Round.SETTLED, county_admin, later)
    with pytest.raises(Refused, match="已经审定，不能重新初评"):
        assessments.draft(scheme, city.county, by=county_admin, now=later)
    assert AuditEntry.objects.filter(action="assessments.settled").count() == 1


def test_only_the_countys_and_the_citys_admin_may_draft_and_settle(
    scheme, city, worker, county_admin, city_admin, county_b_admin, township_admin, leader, now
):
    drafted = assessments.draft(scheme, city.county, by=city_admin, now=now)
    for other in (county_b_admin, township_admin, leader):
        with pytest.raises(Refused, match="只有本县或市级管理员可以审定"):
            assessments.settle(drafted, by=other, now=now)
        with pytest.raises(Refused, match="只有本县或市级管理员可以初评"):
            assessments.draft(scheme, city.county, by=other, now=now)
    assert assessments.settle(drafted, by=city_admin, now=now).state == Round.SETTLED


def test_above_the_quota_only_with_a_reason_that_is_kept(scheme, city, worker, colleague, county_admin, now):
    drafted = assessments.draft(scheme, city.county, by=county_admin, now=now)
    drafted.assessments.update(grade="优秀")
    with pytest.raises(Refused) as refused:
        assessments.settle(drafted, by=county_admin, now=now, override_reason="  ")
    assert refused.value.sentence == (
        "参评 2 人 × 20% = 0.4 → 0 名，现在有 2 人是优秀，超出名额。请先调整；确需超出的，请写明理由。"
    )
    settled = assessments.settle(drafted, by=county_admin, now=now, override_reason=" 县里获评优秀单位，比例调高 ")
    assert settled.override_reason == "县里获评优秀单位，比例调高"


def test_a_scheme_that_does_not_add_up_is_not_used(scheme, city, now):
    scheme.indicators.filter(formula="work").delete()
    with pytest.raises(Refused, match="合计 85 分"):
        assessments.draft(scheme, city.county, by=None, now=now)
    assert not Round.objects.exists()


def test_draft_asks_the_database_as_often_for_many_as_for_one(
    scheme, city, hire, year_of, now, django_assert_num_queries
):
    year_of(hire("W1", "甲", city.township))
    with django_assert_num_queries(12):
        assessments.draft(scheme, city.county, by=None, now=now)
    for number in range(2, 12):
        year_of(hire(f"W{number}", "乙", city.township))
    with django_assert_num_queries(12):
        assessments.draft(scheme, city.county, by=None, now=now)


def test_the_command_drafts_every_county_and_counts(city, skills, worker, outsider, year_of, now):
    year_of(worker)
    out = StringIO()
    call_command("assess", "2025", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["year"], told["workers"], told["grades"]) == (2025, 2, {"合格": 1, "不合格": 1})
    assert [(one["county"], one["employment"], one["workers"], one["mean"]) for one in told["rounds"]] == [
        ("咸安区", "专职", 1, "75.85"),
        ("嘉鱼县", "专职", 1, "0.00"),
        ("咸安区", "兼职", 0, None),
        ("嘉鱼县", "兼职", 0, None),
    ]
    out = StringIO()
    call_command("assess", "2025", "--county", "咸安", stdout=out)
    assert out.getvalue().splitlines()[0] == (
        "咸安区 专职 第 2 版：1 人，平均 75.85 分；合格 1；参评 1 人 × 20% = 0.2 → 0 名"
    )
    with pytest.raises(CommandError, match="没有找到叫这个名字的县"):
        call_command("assess", "2025", "--county", "武昌")


def test_the_ledger_is_not_touched_by_an_assessment(scheme, city, worker, year_of, now):
    year_of(worker)
    before = list(SkillRecord.objects.order_by("pk").values())
    assessments.draft(scheme, city.county, by=None, now=now)
    assert list(SkillRecord.objects.order_by("pk").values()) == before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_drafts_at_once_are_two_versions(scheme, city, worker, now):
    def write(_: int) -> int:
        try:
            return assessments.draft(Scheme.objects.get(pk=scheme.pk), city.county, by=None, now=now).version
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(4))) == [1, 2, 3, 4]
    assert Assessment.objects.count() == 4

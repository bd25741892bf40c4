"""Records to judge: a year of a worker in a few lines; and lists that bring more of them."""

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from lms import imports, judging
from lms.models import ImportRun
from lms.resources import Applied, Line
from records import ledger, schemes
from records.models import Kind, Scheme, Skill, SkillRecord
from roster.models import User, Worker


def at(year: int, month: int, day: int, hour: int = 10) -> datetime:
    return timezone.make_aware(datetime(year, month, day, hour))


@pytest.fixture
def skills(db: None) -> list[Skill]:
    return [
        Skill.objects.create(code="policy-basics", name="政策应知应会", subject="policy", required_of=["fulltime"]),
        Skill.objects.create(code="mediation", name="矛盾调解", subject="case", required_of=["fulltime"]),
    ]


@pytest.fixture
def scheme(db: None, skills: list[Skill]) -> Scheme:
    """The default scheme for full-time workers of 2025: 24 hours 25, exam 35, skills 25, work 15, service +3."""
    return next(one for one in schemes.default_schemes(2025) if one.employment == "fulltime")


@pytest.fixture
def post(now: datetime) -> Callable[..., SkillRecord]:
    """post(worker, "hours", "12", source="a")"""

    def post(worker: Worker, kind: str, amount: str, *, source: str, on: datetime | None = None, **more: object):
        entry = ledger.Entry(
            worker_id=worker.pk,
            kind=kind,
            source=source,
            title=str(more.pop("title", "记录")),
            amount=Decimal(amount),
            occurred_at=on or at(2025, 5, 6),
            **more,  # type: ignore[arg-type]
        )
        return ledger.post(entry, now=now)

    return post


@pytest.fixture
def year_of(post: Callable[..., SkillRecord], skills: list[Skill]) -> Callable[..., list[SkillRecord]]:
    """A whole 2025: 18 hours, an exam of 88, one of two skills, two months of work at 92."""

    def year_of(worker: Worker, *, marks: str = "88", hours: str = "18") -> list[SkillRecord]:
        full = {"out_of": Decimal(100)}
        return [
            post(worker, Kind.HOURS, hours, source="courses.lesson:1", mode="online"),
            post(worker, Kind.EXAM, marks, source="exams.exam:1", result="passed", **full),
            post(worker, Kind.SKILL, "1", source="courses.course:1", skill_id=skills[0].pk),
            post(worker, Kind.WORK, "90", source="records.work:2025-01", on=at(2025, 1, 31), **full),
            post(worker, Kind.WORK, "94", source="records.work:2025-02", on=at(2025, 2, 28), **full),
        ]

    return year_of


# --- lists that post to the ledger ----------------------------------------------------------------------------------


@pytest.fixture
def read(now: datetime) -> Callable[..., list[Line]]:
    """read("training", data, by=county_admin): the judged lines of a file; by nobody is the command line."""

    def read(kind: str, data: bytes, *, by: User | None = None, name: str = "表.csv") -> list[Line]:
        return judging.read(imports.resource_of(kind)(), data, name=name, actor=by, now=now).lines

    return read


@pytest.fixture
def take(now: datetime) -> Callable[..., Applied]:
    """Apply what goes in by itself, and of what is asked the option that is named: take("work", lines, {2: "replace"})."""

    def take(kind: str, lines: list[Line], choices: dict[int, str] | None = None, *, resource: Any = None) -> Applied:
        plans = []
        for line in lines:
            plan = line.plan if line.outcome in imports.APPLIED else None
            if choice := (choices or {}).get(line.number):
                assert line.question
                (plan,) = [option.plan for option in line.question.options if option.code == choice]
            if plan:
                # a plan lies as JSON between preview and application
                plans.append(json.loads(json.dumps(plan)))
        with transaction.atomic():
            return (resource or imports.resource_of(kind)()).apply(plans, run=None, now=now)

    return take


@pytest.fixture
def undo(now: datetime, county_admin: User) -> Callable[..., dict[int, str]]:
    def undo(kind: str, applied: Applied) -> dict[int, str]:
        run = ImportRun(kind=kind, actor=county_admin)
        acts = [json.loads(json.dumps(act)) for act in applied.done.values()]
        with transaction.atomic():
            return imports.resource_of(kind)().undo(acts, run=run, by=county_admin, now=now)

    return undo


def told(lines: list[Line]) -> list[tuple[int, str, list[str]]]:
    """Row, outcome, and the codes of what was found or asked."""
    return [
        (
            line.number,
            str(line.outcome),
            [note.code for note in line.notes] + ([line.question.code] if line.question else []),
        )
        for line in lines
    ]

"""A small city for a trial: two counties, so many candidates, and exams of eight questions that close in a moment."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from exams.before import drawing, papers
from exams.models import Attempt, Bank, Exam, Question
from roster.models import Agreement, Employment, Level, Signature, Territory, User, Worker

SECTIONS = [
    {"kind": "single", "count": 4, "marks": "10.0", "subject": ""},
    {"kind": "multiple", "count": 2, "marks": "10.0", "subject": ""},
    {"kind": "truefalse", "count": 1, "marks": "10.0", "subject": ""},
    {"kind": "case", "count": 1, "marks": "30.0", "subject": ""},
]
OPTIONS = ["先拍照再说", "登记上报", "等明天", "转给邻居"]


@dataclass(frozen=True)
class Seat:
    """One candidate with the paper drawn for them."""

    attempt: int
    exam: int
    worker: int
    session: str
    options: dict[int, int]  # question → how many options; 0: an answer in words
    at_most: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class City:
    territory: Territory
    marker: User
    sessions: dict[int, str]  # worker → key of a session that is signed in


def lay(candidates: int, *, now: datetime) -> City:
    top = _place(Level.CITY, "421200", "咸宁市", None)
    townships = []
    for code, name in (("421202", "咸安区"), ("421221", "嘉鱼县")):
        county = _place(Level.COUNTY, code, name, top)
        townships.append(_place(Level.TOWNSHIP, f"{code}001", f"{name}一镇", county))
    agreement = Agreement.objects.create(
        version=1, title="保密协议", text="不外传。", published_at=now - timedelta(days=9)
    )
    workers = [_hire(number, townships[number % 2], agreement, now=now) for number in range(candidates)]
    _bank()
    marker = User.objects.create(username="marker", name="评卷人")
    return City(top, marker, {worker.pk: sign_in(worker.user) for worker in workers})


def _place(level: str, code: str, name: str, parent: Territory | None) -> Territory:
    made = Territory.objects.create(level=level, code=code, name=name, stem=name[:-1], parent=parent)
    made.path = f"{parent.path if parent else ''}{made.pk}/"
    made.save(update_fields=["path"])
    return made


def _hire(number: int, township: Territory, agreement: Agreement, *, now: datetime) -> Worker:
    user = User.objects.create(username=f"F{number:05}", name=f"考生{number}")
    worker = Worker.objects.create(
        number=user.username,
        user=user,
        name=user.name,
        township=township,
        employment=Employment.FULL_TIME,
        joined_on=date(2022, 3, 1),
        joined_precision="day",
    )
    Signature.objects.create(worker=worker, agreement=agreement, name=user.name, signed_at=now)
    return worker


def _bank() -> None:
    bank = Bank.objects.create(name="题库", subject="policy")
    own: dict[str, Any] = {"bank": bank, "explanation": "", "basis": ""}
    points = [{"text": "先劝开", "marks": "20.0"}, {"text": "回访", "marks": "10.0"}]
    made = [Question(kind="single", stem=f"单选{n}？", options=OPTIONS, key=[1], **own) for n in range(6)]
    made += [Question(kind="multiple", stem=f"多选{n}？", options=OPTIONS, key=[0, 2], **own) for n in range(3)]
    made += [Question(kind="truefalse", stem="走访要做记录。", key=[0], **own)]
    made += [Question(kind="case", stem="你怎么办？", material="两家争吵。", points=points, reference="-", **own)]
    Question.objects.bulk_create(made)


def sign_in(user: User) -> str:
    client = Client()
    client.force_login(user)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert SessionStore(key).exists(key)
    return key


def exam(city: City, *, seconds: float, now: datetime, **fields: Any) -> Exam:
    """An exam that has opened and closes in so many seconds, with a paper for everybody. It shows its results when it closes."""
    made = Exam.objects.create(
        **{
            "title": "业务考试",
            "opens_at": now - timedelta(minutes=1),
            "closes_at": now + timedelta(seconds=seconds),
            "minutes": 60,
            "sections": SECTIONS,
            "territory": city.territory,
            "seed": secrets.token_hex(8),
            "late_minutes": 0,
            **fields,
        }
    )
    made = papers.publish(made, by=None, now=now)
    drawing.draw(made, now=now)
    return made


def seats(city: City, exam: Exam) -> Iterator[Seat]:
    kinds = {item.pk: item for item in exam.items.all()}
    for one in Attempt.objects.filter(exam=exam).order_by("pk"):
        options = {pk: len(order) for pk, order in one.paper}
        at_most = {pk: len(order) if kinds[pk].kind == "multiple" else 1 for pk, order in one.paper}
        yield Seat(one.pk, exam.pk, one.worker_id, city.sessions[one.worker_id], options, at_most)

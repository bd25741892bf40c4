"""A small city for a trial: two counties, so many candidates, and exams of eight questions that close in a moment."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import cycle
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import transaction
from django.utils import timezone

from exams.before import drawing, papers
from exams.day import passes
from exams.models import Attempt, Bank, Exam, Question
from lms.sessions import SessionStore
from roster import signin
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
    held: tuple[passes.Pass, ...] = ()  # given beforehand, for a first and a second device; none: by the entry page

    def cookies(self, device: int = 0) -> dict[str, str]:
        """Of a browser that has its pass, or still goes for it."""
        found = {"sessionid": self.session}
        for one in self.held[device : device + 1]:
            found |= {passes.cookie(self.attempt): passes.write(one), passes.DEVICE: one.device}
        return found


@dataclass(frozen=True)
class City:
    territory: Territory
    marker: User
    sessions: dict[int, str]  # worker → key of a session that is signed in


@transaction.atomic
def lay(candidates: int, *, now: datetime) -> City:
    top = _place(Level.CITY, "421200", "咸宁市", None)
    townships = []
    for code, name in (("421202", "咸安区"), ("421221", "嘉鱼县")):
        county = _place(Level.COUNTY, code, name, top)
        townships.append(_place(Level.TOWNSHIP, f"{code}001", f"{name}一镇", county))
    agreement = Agreement.objects.create(
        version=1, title="保密协议", text="不外传。", published_at=now - timedelta(days=9)
    )
    workers = _hire(candidates, townships, agreement, now=now)
    _bank()
    marker = User.objects.create(username="marker", name="评卷人")
    return City(top, marker, dict(map(sign_in, workers)))


def _place(level: str, code: str, name: str, parent: Territory | None) -> Territory:
    made = Territory.objects.create(level=level, code=code, name=name, stem=name[:-1], parent=parent)
    made.path = f"{parent.path if parent else ''}{made.pk}/"
    made.save(update_fields=["path"])
    return made


def _hire(count: int, townships: list[Territory], agreement: Agreement, *, now: datetime) -> list[Worker]:
    """So many workers, each with an account, in these places by turns."""
    users = User.objects.bulk_create(User(username=f"F{n:05}", name=f"考生{n}") for n in range(count))
    own: dict[str, Any] = {"employment": Employment.FULL_TIME, "joined_on": date(2022, 3, 1), "joined_precision": "day"}
    workers = Worker.objects.bulk_create(
        Worker(number=user.username, user=user, name=user.name, township=township, **own)
        for user, township in zip(users, cycle(townships), strict=False)
    )
    signed = {"agreement": agreement, "signed_at": now}
    Signature.objects.bulk_create(Signature(worker=one, name=one.name, **signed) for one in workers)
    return workers


def _bank() -> None:
    bank = Bank.objects.create(name="题库", subject="policy")
    own: dict[str, Any] = {"bank": bank, "explanation": "", "basis": ""}
    points = [{"text": "先劝开", "marks": "20.0"}, {"text": "回访", "marks": "10.0"}]
    made = [Question(kind="single", stem=f"单选{n}？", options=OPTIONS, key=[1], **own) for n in range(6)]
    made += [Question(kind="multiple", stem=f"多选{n}？", options=OPTIONS, key=[0, 2], **own) for n in range(3)]
    made += [Question(kind="truefalse", stem="走访要做记录。", key=[0], **own)]
    made += [Question(kind="case", stem="你怎么办？", material="两家争吵。", points=points, reference="-", **own)]
    Question.objects.bulk_create(made)


def sign_in(worker: Worker) -> tuple[int, str]:
    """(worker, key of a session that is signed in), as the sign-in page leaves it."""
    user = worker.user
    assert user is not None
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            signin.SEEN: int(timezone.now().timestamp()),
        }
    )
    session.save()
    assert session.session_key
    return worker.pk, session.session_key


def exam(city: City, *, seconds: float, now: datetime, **fields: Any) -> Exam:
    """An exam that is open, with a paper for everybody, and closes so long after they are drawn. It shows its results when it closes."""
    made = Exam.objects.create(
        **{
            "title": "业务考试",
            "opens_at": now - timedelta(minutes=1),
            "closes_at": now + timedelta(days=1),
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
    made.closes_at = timezone.now() + timedelta(seconds=seconds)
    made.save(update_fields=["closes_at"])
    return made


def seats(city: City, exam: Exam, *, by_the_door: int | None = None) -> Iterator[Seat]:
    """Everybody, in the order of their attempts. So many come by the entry page (all, when no number is given); the others have their passes."""
    kinds = dict(exam.items.values_list("pk", "kind"))
    until = int((exam.closes_at + passes.AFTERWARDS).timestamp())
    rows = Attempt.objects.filter(exam=exam).select_related("worker__user").order_by("pk")
    for place, one in enumerate(rows.only("paper", "exam", "worker__user__password", "worker__user__sessions_ended")):
        options = {pk: len(order) for pk, order in one.paper}
        at_most = {pk: len(order) if kinds[pk] == "multiple" else 1 for pk, order in one.paper}
        given = [] if by_the_door is None or place < by_the_door else [passes.new_device(), passes.new_device()]
        user, own = one.worker.user, (one.pk, exam.pk, one.worker_id)
        held = tuple(passes.Pass(*own, user.pk, device, until, passes.standing(user)) for device in given)
        yield Seat(*own, city.sessions[one.worker_id], options, at_most, held)

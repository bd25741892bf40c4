"""What a marker sees of one answer: the case, the words, the rubric, and nothing of whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from exams.marks import marking
from exams.models import Answer, Award
from lms import numbers
from mentors.models import Claim, Mentor
from roster.models import User, Worker

REMARKS = 6


@dataclass(frozen=True)
class Point:
    """One line of the rubric; `key` is the figure that ticks it, empty beyond nine."""

    index: int
    text: str
    marks: Decimal
    ticked: bool

    @property
    def key(self) -> str:
        return str(self.index + 1) if self.index < 9 else ""

    @property
    def worth(self) -> str:
        return numbers.plain(self.marks)


@dataclass(frozen=True)
class Script:
    key: str
    label: str
    exam: str
    material: str
    stem: str
    words: str
    reference: str
    full: str
    points: list[Point]
    picture: dict[str, Any] | None

    @property
    def total(self) -> str:
        ticked = sum((point.marks for point in self.points if point.ticked), Decimal(0))
        return numbers.plain(min(ticked, Decimal(self.full)))


def blind(text: str, worker: Worker) -> str:
    """The answer without what its writer put in of themselves: name, roster number, mobile number."""
    for own, instead in (
        (worker.name, _("〔姓名〕")),
        (worker.number, _("〔登录号〕")),
        (worker.mobile, _("〔手机号〕")),
    ):
        if own and len(own) > 1:
            text = text.replace(own, instead)
    return text


def label(key: str) -> str:
    """Four figures to call an answer by when two people talk about it; nothing can be looked up with them."""
    return f"{crc32(key.encode()) % 10000:04}"


def of(mentor: Mentor) -> QuerySet[Claim]:
    """This mentor's claims with the words of the answer and the marks that stand."""
    pair = {"attempt": OuterRef("attempt_id"), "item": OuterRef("item_id")}
    words = Answer.objects.filter(**pair).values("value")[:1]
    marks = Award.objects.filter(**pair, superseded=False).values("marks")[:1]
    claims = Claim.objects.filter(mentor=mentor).select_related("item__exam", "attempt__exam", "attempt__worker")
    return claims.annotate(words=Subquery(words), marks=Subquery(marks))


def read(claim: Any, *, ticked: Sequence[int]) -> Script:
    """The page's content for a claim from `of`."""
    content = claim.item.content
    return Script(
        key=claim.key,
        label=label(claim.key),
        exam=claim.item.exam.title,
        material=content["material"],
        stem=content["stem"],
        words=blind(claim.words or "", claim.attempt.worker),
        reference=content["reference"],
        full=numbers.plain(claim.item.marks),
        points=[
            Point(index, point["text"], Decimal(point["marks"]), index in ticked)
            for index, point in enumerate(content["points"])
        ],
        picture=content.get("picture"),
    )


def changeable(claim: Claim, *, now: datetime) -> bool:
    return marking.changeable(claim.attempt, now=now)


def remarks(marker: User, *, item_id: int) -> list[str]:
    """The last different remarks this marker wrote on this question, newest first."""
    own = Award.objects.filter(marker=marker, item=item_id).exclude(remark="").order_by("-awarded_at")
    return list(dict.fromkeys(own.values_list("remark", flat=True)[:60]))[:REMARKS]

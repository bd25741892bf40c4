"""Banks and exams to sit in the small city."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from exams.before import drawing, papers, pictures
from exams.day import attempts, passes, saving
from exams.models import Attempt, Bank, Exam, PaperItem, Question
from lms.refusal import Refused
from roster.models import User, Worker

SECTIONS = [
    {"kind": "single", "count": 2, "marks": "10.0", "subject": ""},
    {"kind": "multiple", "count": 1, "marks": "20.0", "subject": ""},
    {"kind": "truefalse", "count": 1, "marks": "20.0", "subject": ""},
]
CASE = {"kind": "case", "count": 1, "marks": "40.0", "subject": ""}


@pytest.fixture
def bank(db: None) -> Bank:
    """Sixty single, three multiple, three true/false, two cases. The right answers: the second; first and third; 对."""
    bank = Bank.objects.create(name="政策法规题库", subject="policy")
    own: dict[str, Any] = {"bank": bank, "explanation": "按规定办理的解析", "basis": "依据：《网格员工作手册》"}
    options = ["先拍照再说", "登记上报", "等明天", "转给邻居"]
    made = [Question(kind="single", stem=f"发现隐患{n}先做什么？", options=options, key=[1], **own) for n in range(60)]
    made += [Question(kind="multiple", stem=f"哪些要登记{n}？", options=options, key=[0, 2], **own) for n in range(3)]
    made += [Question(kind="truefalse", stem=f"走访要做记录{n}。", key=[0], **own) for n in range(3)]
    points = [
        {"text": "先稳住双方", "marks": "8.0"},
        {"text": "分别听", "marks": "6.0"},
        {"text": "回访", "marks": "6.0"},
    ]
    made += [
        Question(
            kind="case",
            material="张某和李某为晒谷争吵。",
            stem=f"你怎么办{n}？",
            points=points,
            reference="先劝开。",
            **own,
        )
        for n in range(2)
    ]
    Question.objects.bulk_create(made)
    return bank


@pytest.fixture
def make_exam(bank: Bank, city: Any, now: datetime) -> Callable[..., Exam]:
    """An exam that opened an hour ago and closes in two; published, with papers for everyone, unless `ready=False`."""

    def make_exam(*, ready: bool = True, **fields: Any) -> Exam:
        exam = Exam.objects.create(
            **{
                "title": "三季度业务考试",
                "opens_at": now - timedelta(hours=1),
                "closes_at": now + timedelta(hours=2),
                "minutes": 60,
                "sections": SECTIONS,
                "territory": city.territory,
                "seed": "42",
                "late_minutes": 0,
                **fields,
            }
        )
        if ready:
            exam = papers.publish(exam, by=None, now=now - timedelta(days=1))
            drawing.draw(exam, now=now - timedelta(days=1))
        return exam

    return make_exam


@pytest.fixture
def sitting(make_exam: Callable[..., Exam], worker: Worker, now: datetime) -> Attempt:
    """`worker` has just begun."""
    return begin(make_exam(), worker, now)


def drawn(kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: str = "#285", **options: Any) -> bytes:
    """A picture as somebody may send it."""
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def give_picture(
    question: Question, now: datetime, data: bytes = b"", text: str = "楼道里停着两辆电动自行车"
) -> Question:
    upload = SimpleUploadedFile("现场.jpg", data or drawn())
    by = User.objects.get_or_create(username="banker", defaults={"name": "题库员"})[0]
    return pictures.put(question, upload=upload, text=text, by=by, now=now)


@pytest.fixture
def pictured(bank: Bank, now: datetime) -> Bank:
    """Every true/false question and every case has a picture, each another."""
    for number, question in enumerate(bank.questions.filter(kind__in=["truefalse", "case"])):
        give_picture(question, now, drawn(size=(640 + number, 480)))
    return bank


def begin(exam: Exam, worker: Worker, now: datetime, device: str = "") -> Attempt:
    return attempts.start(Attempt.objects.get(exam=exam, worker=worker), now=now, device=device)


def save(
    attempt: Attempt, item: PaperItem, value: Any, now: datetime, *, seq: int = 1, page: int = 7, worker: Any = None
) -> attempts.Saved:
    """One answer from the page with this number, on the device that holds the attempt; a value that does not fit is refused."""
    guard = saving.Guard(attempt.pk, (worker or attempt.worker).pk, attempt.device)
    given = [attempts.Given(item.pk, seq, value)]
    reply = attempts.answer(guard, given, exam_id=attempt.exam_id, page=page, now=now)
    if reply.unfit:
        raise Refused(reply.unfit[0].sentence, code="unfit")
    return reply.saved[0]


def lane(attempt: Attempt, act: str) -> str:
    return reverse("exam_lane", args=[attempt.pk, act])


def enter(client: Client, attempt: Attempt) -> Client:
    """Through the door to the paper, as a browser with this client's cookies."""
    if passes.cookie(attempt.pk) not in client.cookies:
        client.get(reverse("attempt", args=[attempt.pk]), follow=True)
    return client


def post(client: Client, attempt: Attempt, act: str, data: Any = None, **more: Any) -> Any:
    """A post to the fast lane, from a page of ours."""
    if not isinstance(data, str | bytes):
        data = urlencode(data or {}, doseq=True)
        more["content_type"] = "application/x-www-form-urlencoded"
    return enter(client, attempt).post(lane(attempt, act), data, headers={"Origin": "http://testserver"}, **more)


def item_of(attempt: Attempt, kind: str, place: int = 0) -> PaperItem:
    return attempt.exam.items.filter(kind=kind).order_by("pk")[place]

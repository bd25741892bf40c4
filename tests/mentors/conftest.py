"""An exam with two case questions whose results come out in three days, and people who have handed in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from exams.models import Answer, Attempt, AttemptState, Exam, PaperItem
from roster.models import Employment, Territory, Worker
from tests.conftest import SmallCity

POINTS = [
    {"text": "先断电、关水，照顾卧床老人", "marks": "4.0"},
    {"text": "双方分开听，不当场判对错", "marks": "3.0"},
    {"text": "约定回话时间并登记", "marks": "3.0"},
]


@pytest.fixture
def exam(city: SmallCity, now: datetime) -> Exam:
    return Exam.objects.create(
        title="三季度业务考试",
        opens_at=now - timedelta(days=9),
        closes_at=now - timedelta(days=2),
        results_at=now + timedelta(days=3),
        minutes=60,
        sections=[{"kind": "case", "count": 2, "marks": "10.0"}],
        pass_marks=Decimal("12.0"),
        territory=city.territory,
        seed="s",
        published_at=now - timedelta(days=20),
    )


@pytest.fixture
def items(exam: Exam) -> list[PaperItem]:
    return PaperItem.objects.bulk_create(
        [
            PaperItem(
                exam=exam,
                section=0,
                kind="case",
                marks=Decimal("10.0"),
                content={
                    "material": f"材料{number}：楼上漏水，两家争吵。",
                    "stem": f"案例{number}：请写出处置步骤。",
                    "options": [],
                    "key": [],
                    "points": POINTS,
                    "reference": "先保安全，再分开听，约定回话。",
                    "explanation": "",
                    "basis": "",
                },
            )
            for number in (1, 2)
        ]
    )


@pytest.fixture
def hand_in(exam: Exam, items: list[PaperItem], now: datetime) -> Callable[..., Attempt]:
    """A worker's handed-in paper with what was written to the case questions: `hand_in(worker, "…", "…")`."""

    def hand_in(worker: Worker, *words: str) -> Attempt:
        attempt = Attempt.objects.create(
            exam=exam,
            worker=worker,
            paper=[[item.pk, []] for item in items],
            state=AttemptState.HANDED_IN,
            started_at=now - timedelta(days=4),
            deadline=now - timedelta(days=3),
            finished_at=now - timedelta(days=3),
            receipt=f"KS-0916-{worker.pk:04}",
            machine_marks=Decimal(0),
        )
        Answer.objects.bulk_create(
            [
                Answer(attempt=attempt, item=item, value=text, seq=1, saved_at=attempt.finished_at, waits=True)
                for item, text in zip(items, words, strict=False)
            ]
        )
        return attempt

    return hand_in


@pytest.fixture
def crowd(hand_in: Callable[..., Attempt], city: SmallCity) -> Callable[[int], list[Attempt]]:
    """So many workers of the county's first township, each with one case answer handed in."""

    def crowd(count: int, township: Territory | None = None) -> list[Attempt]:
        workers = Worker.objects.bulk_create(
            [
                Worker(
                    number=f"X{(township or city.township).pk:03}{index:04}",
                    name=f"赵{index}号",
                    township=township or city.township,
                    employment=Employment.PART_TIME,
                )
                for index in range(count)
            ]
        )
        return [hand_in(worker, f"先断电，再听双方说（{index}）。") for index, worker in enumerate(workers)]

    return crowd

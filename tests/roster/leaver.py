"""Somebody with one of everything that is kept, who left four years ago."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile

from exams.models import Allowance, Answer, Attempt, AttemptState, Exam, LateDecision, PaperItem
from records import certificates, ledger, schemes
from records.models import Assessment, Round
from roster import corrections, files, service
from roster.models import Batch, PasswordSheet, User, Worker, id_lookup, mobile_lookup, tail_lookup

ID_NUMBER, MOBILE, NAME = "421202198001011237", "13907150001", "王桂兰"


@pytest.fixture
def person(worker: Worker, county_admin: User, city: Any, now: Any, django_capture_on_commit_callbacks: Any) -> Worker:
    """Somebody with one of everything, who left four years ago."""
    Worker.objects.filter(pk=worker.pk).update(
        id_number=ID_NUMBER,
        id_hash=id_lookup(ID_NUMBER),
        mobile_hash=mobile_lookup(MOBILE),
        mobile_tail_hash=tail_lookup(MOBILE),
        telephones=["07158888888"],
        certificate_number="SW-2019-0042",
        pinyin="wangguilan",
        recruited_by="妇联推荐",
    )
    long_ago = now - timedelta(days=1500)
    files.change(worker, {"education": "大专"}, reason=f"{NAME}的毕业证", source="file", by=county_admin, now=long_ago)
    asked = corrections.ask(worker, "mobile", proposed="13800000009", note=f"我是{NAME}", now=long_ago)
    corrections.refuse(asked, reason="没有换号", by=county_admin, now=long_ago)
    scan = SimpleUploadedFile("文.pdf", b"%PDF-1.4 %%EOF", "application/pdf")
    day = date(2022, 8, 1)
    said = {"reason": "resigned", "note": f"{NAME}本人辞职", "scan": scan}
    service.take_step(worker, "leave", on=day, **said, by=county_admin, now=now)
    Worker.objects.get(pk=worker.pk).steps.update(at=long_ago)
    exam = Exam.objects.create(
        title="考", opens_at=long_ago, closes_at=long_ago + timedelta(hours=1), territory=city.county, sections=[]
    )
    item = PaperItem.objects.create(exam=exam, section=0, kind="case", marks=50, content={})
    attempt = Attempt.objects.create(
        exam=exam,
        worker=worker,
        paper=[],
        state=AttemptState.MARKED,
        marks=Decimal(66),
        finished_at=long_ago,
        receipt="R-1",
        posted_at=long_ago,
    )
    Answer.objects.create(attempt=attempt, item=item, value=f"我{NAME}先断电。", seq=1, saved_at=long_ago, marks=40)
    by = {"attempt": attempt, "reason": f"{NAME}手臂骨折", "by": county_admin, "at": long_ago}
    Allowance.objects.create(kind="time", seconds=600, **by)
    LateDecision.objects.create(accepted=True, answers=1, **by)
    certificate = certificates.issue(worker, source="x:1", title="证", sentence=f"{NAME}同志考试合格。", now=long_ago)
    certificates.picture(certificate).close()
    entry = {"kind": "hours", "source": "a", "title": "学时", "amount": Decimal("6.5"), "occurred_at": long_ago}
    ledger.post(ledger.Entry(worker_id=worker.pk, **entry), now=long_ago)
    scheme = next(one for one in schemes.default_schemes(2022) if one.employment == worker.employment)
    held = Round.objects.create(scheme=scheme, county=city.county, data_as_of=now, state=Round.SETTLED, settled_at=now)
    judged = {"township": city.township, "lines": [], "score": 60, "grade": "合格", "reason": f"{NAME}请假"}
    Assessment.objects.create(round=held, worker=worker, **judged)
    Authenticator.objects.create(user=worker.user, type="totp", data={})
    Session.objects.create(session_key="k" * 32, session_data="", expire_date=now + timedelta(days=1))
    UserSession.objects.create(user=worker.user, session_key="k" * 32, ip="127.0.0.1", user_agent="x", data={})
    PasswordSheet.objects.create(
        township=city.township,
        made_by=county_admin,
        made_at=now,
        expires_at=now + timedelta(days=9),
        slips=[[worker.pk, "W0001", "abcd"], [worker.pk + 1000, "W9", "efgh"]],
        count=2,
    )
    Batch.objects.create(kind="step.lend", actor=county_admin, done={"passed": [[worker.pk, f"{NAME}：停职"]], "at": 1})
    return Worker.objects.select_related("township", "user").get(pk=worker.pk)


def token(person: Worker) -> str:
    return person.certificates.get().token

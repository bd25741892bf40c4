"""A copy of all that is kept, for the worker to take home (查阅、复制权)."""

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from exams.models import Exam
from lms.models import AuditEntry
from records.models import Round
from roster import copies, passwords
from roster.models import User, Worker
from tests.roster.leaver import ID_NUMBER, MOBILE, NAME, token

pytestmark = pytest.mark.django_db


def lines(data: bytes) -> dict[str, list[tuple[str, str]]]:
    sheet = load_workbook(BytesIO(data)).active
    found: dict[str, list[tuple[str, str]]] = {}
    for about, _number, what, text in sheet.iter_rows(min_row=5, values_only=True):
        found.setdefault(about, []).append((what, text))
    return found


def test_a_copy_holds_all_of_it(person: Worker, now: Any):
    found = lines(copies.make(person, now=now))
    said = dict(found["名册上的资料"])
    assert (said["姓名"], said["身份证号，封存"], said["手机号，封存"]) == (NAME, ID_NUMBER, MOBILE)
    assert said["身份证号的摘要，带密钥"] == "有，系统内部用"
    assert ("得分", "66.0") in found["考试"]
    assert ("作答内容，案例题是自己写的话", f"我{NAME}先断电。") in found["作答"]
    assert {"资料变更", "更正申请", "任职经过", "证书", "年度考核", "保密协议的签署", "登录的设备"} <= set(found)
    text = json.dumps(found, ensure_ascii=False)
    assert person.id_hash not in text
    assert person.user.password not in text
    assert token(person) not in text
    assert AuditEntry.objects.get(action="personal.copied").actor == person.user


def test_marks_that_are_not_out_are_in_no_copy(person: Worker, now: Any):
    Exam.objects.update(results_at=now + timedelta(minutes=1))
    found = lines(copies.make(person, now=now))
    assert not {"考试", "作答"} & set(found)
    Round.objects.update(state=Round.DRAFT)
    assert "年度考核" not in lines(copies.make(person, now=now))


def test_a_copy_is_asked_for_with_the_password(client_of: Any, worker: Worker, password: str):
    client = client_of(worker.user)
    assert "名册上的资料" in client.get("/me/data/").content.decode()
    assert "密码不对" in client.post("/me/data/", {"password": "猜"}).content.decode()
    reply = client.post("/me/data/", {"password": password})
    assert reply["Content-Type"].endswith("spreadsheetml.sheet")
    assert "名册上的资料" in lines(b"".join(reply.streaming_content))
    for _guess in range(10):
        client.post("/me/data/", {"password": "猜"})
    assert "请过 15 分钟再试" in client.post("/me/data/", {"password": password}).content.decode()


def test_a_new_first_password_is_no_way_round(worker: Worker, county_admin: User, now: Any):
    """Someone handed out a password by an admin has to choose their own before they come to this page."""
    passwords.reissue(worker.user, by=county_admin, now=now)
    client = Client()
    client.force_login(User.objects.get(pk=worker.user_id))
    assert client.get("/me/data/").url == "/password/"

"""The confidentiality agreement: signed once, under one's own name, before anything else opens."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import employment
from roster.models import Agreement, Signature, User, Worker

ClientOf = Callable[[User], Client]


@pytest.fixture
def second(city: Any, now: datetime) -> Agreement:
    return Agreement.objects.create(version=2, title="网格员保密协议", text="新的一条。", published_at=now)


def test_signing_is_noted_once(worker: Worker, second: Agreement, now: datetime) -> None:
    first = employment.sign_agreement(worker, agreement=second, name="王桂兰", now=now)
    again = employment.sign_agreement(worker, agreement=second, name=" 王 桂兰 ", now=now + timedelta(hours=1))
    assert (first.pk, first.name, first.signed_at) == (again.pk, "王桂兰", now)
    entries = AuditEntry.objects.filter(action="agreement.signed")
    assert [(entry.actor_id, entry.detail) for entry in entries] == [(worker.user_id, {"version": 2})]


def test_another_name_is_refused(worker: Worker, second: Agreement, now: datetime) -> None:
    with pytest.raises(Refused) as refusal:
        employment.sign_agreement(worker, agreement=second, name="李建国", now=now)
    assert refusal.value.sentence == "签名要与名册上的姓名一致。名册上的姓名有误的，请联系乡镇（街道）管理员更正。"
    assert not Signature.objects.filter(agreement=second).exists()


def test_a_new_version_asks_again_in_an_open_session(
    client_of: ClientOf, worker: Worker, city: Any, now: datetime
) -> None:
    client = client_of(worker.user)
    assert client.get("/").status_code == 200
    Agreement.objects.create(version=2, title="网格员保密协议", text="新的一条。", published_at=now)
    assert client.get("/").url == "/agreement/"
    page = client.get("/agreement/").content.decode()
    assert "新的一条。" in page
    assert "第 2 版" in page


def test_a_version_of_tomorrow_asks_nobody_today(client_of: ClientOf, worker: Worker, now: datetime) -> None:
    Agreement.objects.create(version=2, title="保密协议", text="…", published_at=now + timedelta(days=1))
    assert client_of(worker.user).get("/").status_code == 200


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        ({"name": ""}, {"read": ["请读完后在这里打勾。"], "name": ["请填写自己的姓名作为签名。"]}),
        ({"name": "王桂兰"}, {"read": ["请读完后在这里打勾。"]}),
        (
            {"read": "on", "name": "王桂"},
            {"name": ["签名要与名册上的姓名一致。名册上的姓名有误的，请联系乡镇（街道）管理员更正。"]},
        ),
    ],
)
def test_what_is_missing_is_said(
    client_of: ClientOf, worker: Worker, second: Agreement, form: dict[str, str], errors: dict[str, list[str]]
) -> None:
    response = client_of(worker.user).post("/agreement/", form)
    assert response.status_code == 200
    assert response.context["form"].errors == errors


def test_the_signed_versions_can_be_read_again(client_of: ClientOf, worker: Worker) -> None:
    page = client_of(worker.user).get("/agreement/").content.decode()
    assert "我签过的保密协议" in page
    assert "只用于工作，不向无关的人说起" in page


def test_those_who_are_nobodys_worker_sign_nothing(client_of: ClientOf, city_admin: User, second: Agreement) -> None:
    client = client_of(city_admin)
    assert client.get("/agreement/").status_code == 404
    assert client.get("/cms/").status_code == 200

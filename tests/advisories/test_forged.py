"""Requests that another house forged, and fields that no form offered."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from exams.models import Attempt, AttemptState
from roster.models import Role, RoleGrant, User, Worker
from tests import test_reach_matrix as matrix
from tests.advisories.walks import every_address
from tests.exams.conftest import post

# --- forged requests ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db
def test_forged_requests_to_every_address(things: dict[str, Any], theirs: Any, worker: Worker) -> None:
    root = User.objects.create_superuser(username="root", password="x", name="根")
    office, front = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    office.force_login(root)
    front.force_login(worker.user)
    addresses = every_address(things, theirs)
    assert len(addresses) > 200
    let_in = []
    # takes a post from our own pages only, by Origin: tests/test_hostile_requests.py
    addresses.pop("exam_lane")
    for name_, url in addresses.items():
        for method in ("post", "put", "delete"):
            client = office if url.startswith("/cms/") else front
            with transaction.atomic():
                code = getattr(client, method)(url).status_code
                transaction.set_rollback(True)
            # what of Wagtail's interface the gate closes is closed before a token is asked for
            closed = url.startswith("/cms/api/") and code == 404
            let_in += [] if code == 403 or closed else [(name_, method, code)]
    assert let_in == []


def test_no_view_is_spared_the_token() -> None:
    """Wagtail's own interface for its editor asks for the token by itself; `test_forged_requests_to_every_address` goes there
    too. The fast lane of an exam looks at Origin."""
    spared = [
        name_
        for _route, name_, entry in matrix.patterns(get_resolver())
        if getattr(entry.callback, "csrf_exempt", False)
    ]
    assert {name_.partition(":")[0] for name_ in spared} <= {"wagtailadmin_api", "exam_lane"}


@pytest.mark.django_db
def test_a_token_in_an_address_counts_for_nothing(worker: Worker) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(worker.user)
    client.get("/me/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value if settings.CSRF_COOKIE_NAME in client.cookies else "x" * 32
    assert client.post(f"/sign-out/?csrfmiddlewaretoken={token}").status_code == 403


# --- fields that nobody offered ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_mass_assignment_of_rights(client_of: Any, county_admin: User, city: Any, worker: Worker, now: Any) -> None:
    """Who gives a role gives that role and nothing else, whatever else is in the form."""
    today = timezone.localdate(now)
    sent = {"role": Role.TOWNSHIP_ADMIN, "territory": f"{city.township.pk}", "reason": "接替", "username": "W0001"}
    sent |= {"duties": "roster", "since": f"{today}"}
    more = {
        **dict.fromkeys(("is_superuser", "is_staff", "by", "given_by", "granted_by", "ended_by", "user", "pk"), "1"),
        "role_name": "city_admin",
        "end_reason": "x",
    }
    client_of(county_admin).post("/cms/roles/give/", {**sent, **more})
    worker.user.refresh_from_db()
    assert (worker.user.is_superuser, worker.user.is_staff) == (False, False)
    given = RoleGrant.objects.filter(user=worker.user).values()
    assert [{**one, "id": 0} for one in given] == [
        {
            "id": 0,
            "user_id": worker.user.pk,
            "role": Role.TOWNSHIP_ADMIN,
            "territory_id": city.township.pk,
            "line": "",
            "duties": ["roster"],
            "since": today,
            "until": None,
            "granted_by_id": county_admin.pk,
            "reason": "接替",
            "ended_by_id": None,
            "end_reason": "",
        }
    ]


@pytest.mark.django_db
def test_mass_assignment_of_a_file_of_ones_own(client_of: Any, worker: Worker, city: Any) -> None:
    before = {field.attname: getattr(worker, field.attname) for field in Worker._meta.concrete_fields}
    more = {
        "state": "left",
        "township": city.township_b.pk,
        "employment": "parttime",
        "step": 18,
        "name": "别人",
        "decided_by": 1,
    }
    client_of(worker.user).post("/me/file/mobile/correct/", {"proposed": "13907150088", **more})
    worker.refresh_from_db()
    assert {field.attname: getattr(worker, field.attname) for field in Worker._meta.concrete_fields} == before


@pytest.mark.django_db
def test_mass_assignment_of_marks(client_of: Any, things: dict[str, Any], worker: Worker) -> None:
    sitting = Attempt.objects.get(pk=things["attempt"])
    item = sitting.paper[0][0]
    one = {"item": item, "value": "先断电。", "seq": 9, "marks": 50, "state": "settled", "marked_by": 1}
    sent = {"answers": [one], "score": 100, "state": "handed_in", "deadline": "2030-01-01T00:00", "worker": 1}
    post(client_of(worker.user), sitting, "answers", json.dumps(sent), content_type="application/json")
    before = (sitting.marks, sitting.state, sitting.deadline, sitting.worker_id)
    sitting.refresh_from_db()
    assert (sitting.marks, sitting.state, sitting.deadline, sitting.worker_id) == before
    assert sitting.answers.get().marks is None
    assert sitting.state == AttemptState.SITTING

"""With nothing but a browser: three people who belong elsewhere try every address that has a key in it. They see nothing, change nothing,
and it is all written down.
"""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from lms.models import AuditEntry
from mentors.models import Mentor
from roster import refused
from roster.models import User
from tests.test_exports_stay_home import told
from tests.test_house import FLOORS
from tests.test_reach_matrix import EXISTS_FOR, address, ours, things

__all__ = ["things"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# who walks: what they are in the matrix, where they may be, and how many addresses with a key are closed to them at least.
# The back office, closed to a 小教员 as to any worker, is tried by the stranger
STRANGER, MENTOR, NEXT_COUNTY = ("o", "/me/", 75), ("o", "/marking/", 10), ("b", "/cms/workers/", 75)
# what any of the forms asks for, and what none of them asks for
FIELDS = {
    "answer": "改了",
    "remark": "改了",
    "points": "0",
    "give_back": "1",
    "reason": "illness",
    "purpose": "manage",
    "name": "改了",
    "title": "改了",
    "proposed": "13907150077",
    "grade": "优秀",
    "marks": "50",
    "confirm": "1",
    "sure": "1",
    "township": "{township}",
    "worker": "{worker}",
    "state": "left",
    "is_superuser": "1",
}
# a person's way to the console of their browser: one address after the other, by reading and by sending
TRY = """async ({urls, fields, token}) => {
  const all = [];
  for (const [method, url, json] of urls) {
    const options = {method, headers: {"X-CSRFToken": token}};
    if (method === "POST") options.body = json ? JSON.stringify(json) : new URLSearchParams(fields);
    if (json) options.headers["Content-Type"] = "application/json";
    const reply = await fetch(url, options);
    let bytes = "";
    for (const one of new Uint8Array(await reply.arrayBuffer())) bytes += String.fromCharCode(one);
    all.push([method, url, reply.status, reply.redirected ? new URL(reply.url).pathname : "", btoa(bytes)]);
  }
  return all;
}"""
# a form of the page itself, with one of its fields changed, others filled in and more put in, sent by its own button
FORGE = """({field, fields}) => {
  const form = document.querySelector(`main [name=${field}]`).form;
  for (const [name, value] of Object.entries(fields)) {
    form.querySelectorAll(`[name=${name}]`).forEach(one => one.remove());
    const put = Object.assign(document.createElement("input"), {type: "hidden", name, value});
    form.append(put);
  }
  form.noValidate = true;
  form.querySelector("[type=submit], button:not([type])").click();
}"""


@pytest.fixture
def people(hire: Callable[..., Any], city: Any, county_b_admin: User, outsider: Any, now: Any) -> dict[str, User]:
    """A worker of the next township, a 小教员 of the same county with nothing to mark, the admin of the next county."""
    stranger, free = hire("W0021", "刘远方", city.neighbour), hire("W0022", "何有空", city.neighbour)
    since = timezone.localdate(now) - timedelta(days=200)
    Mentor.objects.create(worker=free, level=Mentor.COUNTY, territory=city.county, since=since)
    return {"stranger": stranger.user, "mentor": free.user, "next_county": county_b_admin}


@pytest.fixture
def secrets(things: dict[str, Any], worker: Any, mentor: Any, county_admin: User, township_admin: User) -> Any:
    """Names and numbers of the other side, and keys that only it knows."""
    people = [worker, mentor.worker]
    numbers = [text for one in people for text in (one.name, one.number, one.mobile, f"****{one.mobile[-4:]}")]
    admins = [text for one in (county_admin, township_admin) for text in (one.name, one.username)]
    return (*numbers, *admins, things["number"], things["token"], things["key"], "先断电。", "名册.xlsx", "停职的")


def sign_in(page_for: Any, user: User, password: str, start: str) -> Any:
    page = page_for(None)
    page.goto("/sign-in/")
    page.fill("#id_username", user.username)
    page.fill("#id_password", password)
    page.click("main button.btn.wide")
    page.wait_for_function("location.pathname !== '/sign-in/'")
    assert page.goto(start).status == 200
    return page


def state() -> dict[str, list[Any]]:
    """Every row of ours, but for the log."""
    kept = {}
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label in FLOORS and label not in {"lms.AuditEntry", "lms.AuditLink"}:
            kept[label] = sorted(map(repr, model._default_manager.values_list()))
    return kept


def closed_to(letter: str, things: dict[str, Any]) -> dict[str, str]:
    """Every address with a key in it that is not this one's: its name and the address with what belongs to the other side."""
    return {
        name: address(name, entry, things)
        for name, entry in ours().items()
        if entry.pattern.converters and letter not in EXISTS_FOR.get(name, letter)
    }


def tried(page: Any, urls: list[tuple[str, str, Any]], things: dict[str, Any]) -> Iterator[Any]:
    """What came back for each. Of one person so many refusals are written in ten minutes, so the count begins anew for every twenty."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")
    fields = {key: value.format(**things) for key, value in FIELDS.items()}
    for start in range(0, len(urls), refused.MOST):
        cache.clear()
        some = urls[start : start + refused.MOST]
        for method, url, status, led, body in page.evaluate(TRY, {"urls": some, "fields": fields, "token": token}):
            yield method, url, status, led, base64.b64decode(body).replace(url.encode(), b"")


def written(user: User) -> set[tuple[str, str]]:
    entries = AuditEntry.objects.filter(action="access.refused", actor=user)
    return {(entry.detail["url"], entry.detail["method"]) for entry in entries}


@pytest.mark.parametrize(
    ("who", "letter", "start", "least"),
    [("stranger", *STRANGER), ("mentor", *MENTOR), ("next_county", *NEXT_COUNTY)],
)
def test_what_belongs_to_others_is_neither_seen_nor_changed_and_the_trying_is_written_down(
    who: str,
    letter: str,
    start: str,
    least: int,
    people: dict[str, User],
    things: dict[str, Any],
    secrets: tuple[str, ...],
    page_for: Any,
    password: str,
) -> None:
    person, closed = people[who], closed_to(letter, things)
    if who == "mentor":
        closed = {name: url for name, url in closed.items() if not url.startswith("/cms/")}
    assert len(closed) >= least
    page, names = sign_in(page_for, person, password, start), {url: name for name, url in closed.items()}
    before = state()
    answer = {"answers": [{"item": 1, "value": "改了", "seq": 99}], "score": 100, "worker": things["worker"]}
    # a worker is turned away from the back office at its door, however they knock
    both = [url for url in closed.values() if letter == "b" or not url.startswith("/cms/")]
    urls: list[Any] = [("GET", url, None) for url in both] + [("POST", url, None) for url in closed.values()]
    lane = f"/exams/sit/{things['attempt']}/answers"
    assert [status for _method, _url, status, *_ in tried(page, [("POST", lane, answer)], things)] == [403]
    refusals, let_in, leaks = set(), [], []
    for method, url, status, led, body in tried(page, urls, things):
        if status in {403, 404} or led == "/cms/":
            refusals.add((names[url], method))
        elif status != 405:
            let_in.append((method, url, status, led))
        leaks += [(method, url, found)] if (found := told(body, secrets)) else []
    assert (let_in, leaks) == ([], [])
    assert {name for name, _method in refusals} == set(closed)
    assert state() == before
    assert refusals - written(person) == set()


@pytest.mark.parametrize(
    ("who", "start", "typed"),
    [
        ("stranger", "/me/", ["attempt", "hand_in", "workers:inspect", "certificate", "step_scan"]),
        ("mentor", "/marking/", ["marking_claim", "attempt_result", "assessment_person", "certificate_image"]),
        ("next_county", "/cms/workers/", ["workers:inspect", "import_run", "password_sheet", "assessment_export"]),
    ],
)
def test_keys_changed_in_the_address_bar(
    who: str,
    start: str,
    typed: list[str],
    people: dict[str, User],
    things: dict[str, Any],
    secrets: tuple[str, ...],
    page_for: Any,
    password: str,
) -> None:
    page, entries = sign_in(page_for, people[who], password, start), ours()
    for name in typed:
        url = address(name, entries[name], things)
        reply = page.goto(url)
        assert reply.status in {403, 404}, name
        # it names the address that was asked for, so that one comes back to it after changing the print
        assert told(page.content().replace(url, "").encode(), secrets) == [], name
    assert {(name, "GET") for name in typed} <= written(people[who])


def test_an_old_link_to_a_list_and_a_form_with_another_place_in_it(
    people: dict[str, User], things: dict[str, Any], city: Any, secrets: tuple[str, ...], page_for: Any, password: str
) -> None:
    """What the admin of county A sent around, opened by the admin of county B; and B's own forms with A's places put in."""
    User.objects.filter(worker__number="W0003").update(
        must_change_password=True
    )  # so that there is somebody to print for
    page = sign_in(page_for, people["next_county"], password, "/cms/workers/")
    before = state()
    round_, here = things["pk"], city.township.pk
    links = [
        f"/cms/workers/?export=xlsx&purpose=manage&township={here}&q=W0001",
        f"{reverse('roster_export')}?purpose=manage&township={here}&export=xlsx",
        f"{reverse('assessment_export', args=[round_])}?export=xlsx&purpose=manage",
        f"{reverse('bulletin_xlsx')}?in={here}",
        f"{reverse('coverage_xlsx')}?in={here}",
        f"{reverse('act_on_workers')}?act=step.suspend&id={things['worker']}",
    ]
    answered = list(tried(page, [("GET", url, None) for url in links], things))
    assert [(url, found) for _method, url, _status, _led, body in answered if (found := told(body, secrets))] == []
    role = {"username": "W0003", "role": "township_admin", "reason": "接替", "duties": "roster", "since": "2026-01-01"}
    more = {"is_superuser": "1", "by": "1", "county": str(city.county.pk)}
    for where, field, filled in [("/cms/passwords/", "township", {}), ("/cms/roles/give/", "territory", role)]:
        page.goto(where)
        with page.expect_navigation():
            page.evaluate(FORGE, {"field": field, "fields": {**filled, **more, field: str(here)}})
        assert told(page.content().encode(), secrets) == [], where
    assert state() == before

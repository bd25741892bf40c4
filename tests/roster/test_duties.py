"""Two admins of one territory may have different duties: whose a screen is not, for them it does not exist."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from exams.before import drafts
from exams.models import Exam
from lms import imports
from lms.refusal import Refused
from records import assessments, schemes
from roster import passwords, reach, roles, service, unmasking
from roster.models import Duty, Role, RoleGrant, User, Worker

ClientOf = Callable[[User], Client]
# one screen at least of each part of the work
SCREENS = {
    Duty.ROSTER: [
        "/cms/workers/",
        "/cms/grids/",
        "/cms/divisions/",
        "/cms/coverage/",
        "/cms/corrections/",
        "/cms/batches/",
    ],
    Duty.TRAINING: ["/cms/courses/required/", "/cms/courses/sessions/", "/cms/mentors/"],
    Duty.EXAMS: ["/cms/exams/"],
    Duty.ASSESSMENT: ["/cms/assessments/"],
    Duty.ACCOUNTS: ["/cms/passwords/", "/cms/roles/"],
}
KINDS = {Duty.ROSTER: {"grids", "roster"}, Duty.TRAINING: {"training"}, Duty.ASSESSMENT: {"work"}}
MENU = {
    Duty.ROSTER: {"workers", "grids", "territories", "coverage", "corrections"},
    Duty.TRAINING: {"required", "sessions", "mentors"},
    Duty.EXAMS: {"exams"},
    Duty.ASSESSMENT: {"assessments"},
    Duty.ACCOUNTS: {"passwords", "roles"},
}


@pytest.fixture
def with_duties(county_admin: User) -> Callable[..., User]:
    def with_duties(*duties: str) -> User:
        county_admin.role_grants.update(duties=list(duties))
        return User.objects.get(pk=county_admin.pk)

    return with_duties


@pytest.mark.parametrize("duty", Duty.values)
def test_the_screens_the_kinds_and_the_menu_are_those_of_the_duty(
    duty: str, with_duties: Callable[..., User], client_of: ClientOf, worker: Worker
) -> None:
    client = client_of(with_duties(duty))
    for other, paths in SCREENS.items():
        for path in paths:
            opens = client.get(path).status_code == 200
            assert opens == (other == duty), path
    assert {kind.kind for kind in imports.kinds_for(with_duties(duty))} == KINDS.get(Duty(duty), set())
    page = client.get("/cms/").content.decode()
    shown = {name for names in MENU.values() for name in names if f'"name": "{name}"' in page}
    assert shown == MENU[Duty(duty)]
    assert client.get("/bulletin/").status_code == 200


@pytest.mark.parametrize("duty", Duty.values)
def test_a_number_in_full_is_for_whom_the_roster_is_the_work(
    duty: str, with_duties: Callable[..., User], client_of: ClientOf, worker: Worker
) -> None:
    admin = with_duties(duty)
    opened = client_of(admin).get(f"/cms/workers/{worker.pk}/numbers/").status_code == 200
    assert (opened, unmasking.may_see(admin, worker, "mobile")) == ((duty == Duty.ROSTER,) * 2)


def test_reach_is_narrowed_by_a_duty_named_and_by_that_of_the_screen(
    county_admin: User, worker: Worker, outsider: Worker, city: Any
) -> None:
    """In one county the roster, in the other the exams."""
    county_admin.role_grants.update(duties=[Duty.ROSTER])
    since = timezone.localdate() - timedelta(days=1)
    RoleGrant.objects.create(
        user=county_admin, role=Role.COUNTY_ADMIN, territory=city.county_b, since=since, duties=[Duty.EXAMS]
    )
    user = User.objects.get(pk=county_admin.pk)
    assert set(reach.workers(user)) == {worker, outsider}
    assert set(reach.workers(user, Duty.ROSTER)) == {worker}
    assert set(reach.workers(user, Duty.EXAMS)) == {outsider}
    assert set(reach.workers(user, Duty.EXAMS, Duty.ROSTER)) == {worker, outsider}
    assert not reach.has(user, Duty.TRAINING)
    assert not reach.has(user, Role.CITY_ADMIN, Duty.ROSTER)
    assert reach.covers(user, city.county, Role.COUNTY_ADMIN, Duty.ROSTER)
    assert not reach.covers(user, city.county, Role.COUNTY_ADMIN, Duty.EXAMS)
    reach.stand_at(user, Duty.EXAMS)
    assert set(reach.workers(user)) == {outsider}
    assert set(reach.workers(user, Duty.ROSTER)) == {worker}
    client = Client()
    client.force_login(county_admin)
    assert client.get(f"/cms/workers/inspect/{worker.pk}/").status_code == 200
    assert client.get(f"/cms/workers/inspect/{outsider.pk}/").status_code == 404


def test_a_verb_refuses_what_is_another_duty(
    with_duties: Callable[..., User], worker: Worker, city: Any, now: datetime
) -> None:
    today = timezone.localdate(now)
    exams_only = with_duties(Duty.EXAMS)
    with pytest.raises(Refused):
        service.take_step(worker, "suspend", on=today, reason="illness", by=exams_only, now=now)
    with pytest.raises(Refused):
        passwords.reissue(worker.user, by=exams_only, now=now)  # type: ignore[arg-type]
    with pytest.raises(Refused):
        imports.upload(b"x", name="x.csv", kind="roster", actor=exams_only, now=now)
    scheme = schemes.default_schemes(2026)[0]
    with pytest.raises(Refused):
        assessments.draft(scheme, city.county, by=exams_only, now=now)
    roster_only = with_duties(Duty.ROSTER)
    fields: dict[str, Any] = {"territory": city.county, "minutes": 60, "sections": [], "seed": "s"}
    exam = Exam(title="考", opens_at=now + timedelta(hours=1), closes_at=now + timedelta(days=1), **fields)
    with pytest.raises(Refused):
        drafts.save(exam, by=roster_only, now=now)


def test_nobody_hands_on_a_duty_they_have_not(
    with_duties: Callable[..., User], colleague: Worker, security_admin: User, city: Any, now: datetime
) -> None:
    by, today = with_duties(Duty.ACCOUNTS, Duty.EXAMS), timezone.localdate(now)
    user: Any = colleague.user
    for duties in ([], [Duty.EXAMS, Duty.ROSTER]):
        with pytest.raises(Refused, match="自己分管的工作"):
            roles.grant(
                user, Role.TOWNSHIP_ADMIN, city.township, since=today, by=by, now=now, reason="接任", duties=duties
            )
    given = roles.grant(
        user, Role.TOWNSHIP_ADMIN, city.township, since=today, by=by, now=now, reason="接任", duties=[Duty.EXAMS]
    )
    assert given.duties == [Duty.EXAMS]
    whole = roles.grant(
        user, Role.TOWNSHIP_ADMIN, city.neighbour, since=today, by=security_admin, now=now, reason="接任"
    )
    assert whole.duties == []
    # and without the duty of accounts nobody gives anything
    with pytest.raises(Refused, match="不归你给"):
        roles.grant(
            user,
            Role.TOWNSHIP_ADMIN,
            city.township,
            since=today,
            by=with_duties(Duty.EXAMS),
            now=now,
            reason="接任",
            duties=[Duty.EXAMS],
        )


# --- from when to when, by which office ---------------------------------------------------------------------------


def test_a_role_is_given_from_a_day_to_a_day_with_line_and_duties(
    client_of: ClientOf, security_admin: User, colleague: Worker, city: Any, now: datetime
) -> None:
    client = client_of(security_admin)
    form = {"username": "W0002", "role": "county_admin", "territory": city.county.pk, "reason": "挂职"}
    days = {"since": "2026-10-01", "until": "2026-10-31", "line": "政法委", "duties": ["exams"]}
    assert client.post("/cms/roles/give/", {**form, **days}).url == "/cms/roles/"
    user = User.objects.get(pk=colleague.user_id)
    assert reach.roles(user) == set()
    later = client.get("/cms/roles/?show=later").content.decode()
    for words in ["李建国", "2026年10月1日起", "到 2026年10月31日（含）", "政法委", "考试", "挂职", "冯安全"]:
        assert words in later
    held = user.role_grants.get()
    assert RoleGrant.objects.holding(on=held.last_day).contains(held)
    assert not RoleGrant.objects.holding(on=held.until).contains(held)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"until": "2026-09-10"}, "until"),
        ({"since": "2026-09-15"}, "since"),
        ({"duties": []}, "duties"),
        ({"territory": ""}, "territory"),
    ],
)
def test_what_is_wrong_with_the_days_is_said_where_it_stands(
    change: dict[str, Any], field: str, client_of: ClientOf, security_admin: User, colleague: Worker, city: Any
) -> None:
    form = {"username": "W0002", "role": "county_admin", "territory": city.county.pk, "reason": "挂职"}
    days = {"since": "2026-09-16", "until": "", "duties": ["exams"]}
    errors = client_of(security_admin).post("/cms/roles/give/", {**form, **days, **change}).context["form"].errors
    assert set(errors) == {field}


def test_a_role_is_made_longer_from_the_day_on_which_it_ends(
    colleague: Worker, county_admin: User, city: Any, now: datetime
) -> None:
    today, user = timezone.localdate(now), colleague.user
    end = today + timedelta(days=20)
    more: dict[str, Any] = {"by": county_admin, "now": now, "reason": "接任"}
    held = roles.grant(user, Role.TOWNSHIP_ADMIN, city.township, since=today, until=end, **more)  # type: ignore[arg-type]
    again = roles.grant(user, Role.TOWNSHIP_ADMIN, city.township, since=today, until=end, **more)  # type: ignore[arg-type]
    assert held == again
    with pytest.raises(Refused, match="从到期的那天起再给"):
        roles.grant(user, Role.TOWNSHIP_ADMIN, city.township, since=today, **more)  # type: ignore[arg-type]
    assert list(roles.expiring(county_admin, today=today)) == [held]
    roles.grant(user, Role.TOWNSHIP_ADMIN, city.township, since=end, **more)  # type: ignore[arg-type]


def test_one_that_has_not_begun_is_ended_before_it_does(
    client_of: ClientOf, colleague: Worker, county_admin: User, city: Any, now: datetime
) -> None:
    later = timezone.localdate(now) + timedelta(days=5)
    held = roles.grant(
        colleague.user,
        Role.TOWNSHIP_ADMIN,
        city.township,
        since=later,
        by=county_admin,
        now=now,
        reason="接任",  # type: ignore[arg-type]
    )
    url = f"/cms/roles/{held.pk}/end/"
    assert client_of(county_admin).post(url, {"reason": "不去了"}).status_code == 302
    held.refresh_from_db()
    assert held.until == held.since
    assert not RoleGrant.objects.holding(on=later).contains(held)

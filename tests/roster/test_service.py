"""The steps of a worker's service: every way of the table and none beside it, and each wrong step taken back."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import service, steps
from roster.employment import Person
from roster.models import Batch, Posting, Role, Step, StepKind, Territory, User, Worker, WorkerState

pytestmark = pytest.mark.django_db
S, K = WorkerState, StepKind

# what each kind must be told beside its date
SAYING: dict[str, dict[str, str]] = {
    K.SUSPEND: {"reason": "inquiry"},
    K.REASSIGN: {"reason": "arranged"},
    K.LEAVE: {"reason": "resigned"},
    K.REHIRE: {"note": "县里同意"},
}
WAYS = [
    (kind, before, after) for kind, routes in steps.TRANSITIONS.items() for before, after in routes.items() if before
]
NO_WAYS = [
    (kind, state)
    for kind in steps.TRANSITIONS
    for state in WorkerState.values
    if state not in steps.TRANSITIONS[kind] and kind != K.PROPOSE
]


@pytest.fixture
def take(county_admin: User, now: Any) -> Callable[..., Step]:
    """Take a step today as the county's admin: `take(worker, K.SUSPEND)`."""

    def take(worker: Worker, kind: str, **said: Any) -> Step:
        given = {"on": timezone.localdate(now), "by": county_admin, "now": now, **SAYING.get(kind, {}), **said}
        return service.take_step(worker, kind, **given)

    return take


def standing(worker: Worker) -> tuple[Any, ...]:
    """All that a step may change and taking it back puts right."""
    worker = Worker.objects.select_related("user").get(pk=worker.pk)
    postings = list(Posting.objects.filter(worker=worker).order_by("pk").values_list("pk", "grid", "since", "until"))
    active = worker.user.is_active if worker.user else None
    return worker.state, worker.joined_on, worker.joined_precision, active, postings


# --- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "before", "after"), WAYS)
def test_a_step_leads_where_the_table_says(
    take: Callable[..., Step], worker: Worker, kind: str, before: str, after: str
) -> None:
    Worker.objects.update(state=before)
    step = take(worker, kind)
    worker.refresh_from_db()
    assert (worker.state, step.state_before, step.state_after) == (after, before, after)


@pytest.mark.parametrize(("kind", "state"), NO_WAYS)
def test_what_the_table_does_not_have_is_refused_with_what_is_possible(
    take: Callable[..., Step], worker: Worker, kind: str, state: str
) -> None:
    Worker.objects.update(state=state)
    with pytest.raises(Refused) as refusal:
        take(worker, kind)
    said = refusal.value.sentence
    assert said.startswith(f"王桂兰现在是“{WorkerState(state).label}”，不能办理“{StepKind(kind).label}”；可以办理的有“")
    assert Step.objects.count() == 0


def test_every_reason_and_outcome_of_the_rule_has_a_step() -> None:
    ways = {(reason, o) for kind in steps.OUTCOME_OF for reason in steps.REMOVAL for o in steps.outcomes(kind, reason)}
    assert ways == {(reason, outcome) for reason in steps.REMOVAL for outcome in steps.OUTCOMES}


# --- what steps do ----------------------------------------------------------------------------------------------------


def test_leaving_closes_the_grids_and_the_account_the_same_day(
    take: Callable[..., Step], worker: Worker, county_admin: User, now: Any, client_of: Any
) -> None:
    client = client_of(worker.user)
    assert client.get("/me/").status_code == 200
    step = take(
        worker, K.LEAVE, reason="duty", outcome="dismiss", decided_by="永安街道党工委", document="永发〔2026〕3号"
    )
    assert worker.postings.get().until == timezone.localdate(now)
    assert client.get("/me/").url.startswith("/sign-in/")
    assert (step.operator, step.reason, step.outcome) == (county_admin, "duty", "dismiss")
    entry = AuditEntry.objects.get(action="worker.leave")
    assert entry.detail == {"step": step.pk, "reason": "duty", "outcome": "dismiss"}


def test_suspension_and_lending_keep_grids_and_account(take: Callable[..., Step], worker: Worker) -> None:
    before = standing(worker)[1:]
    for kind in [K.SUSPEND, K.RETURN, K.LEND, K.RETURN]:
        take(worker, kind)
        assert standing(worker)[1:] == before


def test_coming_back_opens_the_account_and_gives_no_grid(take: Callable[..., Step], worker: Worker) -> None:
    take(worker, K.LEAVE)
    take(worker, K.REHIRE)
    worker.refresh_from_db()
    assert (worker.state, worker.user.is_active, worker.postings.current().count()) == (S.ACTIVE, True, 0)


def test_a_newcomer_is_proposed_trained_and_starts_with_a_date(
    city: Any, county_admin: User, now: Any, take: Callable[..., Step]
) -> None:
    today = timezone.localdate(now)
    person = Person("冯新", city.township.pk, "fulltime", mobile="13907150009")
    worker = service.propose(person, on=today - timedelta(days=20), by=county_admin, now=now).worker
    assert (worker.state, worker.number[0]) == (S.PROPOSED, "W")
    take(worker, K.TRAIN, on=today - timedelta(days=10))
    take(worker, K.START)
    worker.refresh_from_db()
    assert (worker.state, worker.joined_on, worker.joined_precision) == (S.ACTIVE, today, "day")


def test_nobody_known_is_proposed_again(city: Any, county_admin: User, now: Any) -> None:
    person = Person("冯新", city.township.pk, "fulltime", id_number="422301197003079979")
    today = timezone.localdate(now)
    worker = service.propose(person, on=today, by=county_admin, now=now).worker
    with pytest.raises(Refused, match=f"已有档案：冯新（{worker.number}），现在是“拟聘”"):
        service.propose(person, on=today, by=county_admin, now=now)
    Worker.objects.update(township=city.township_b)
    with pytest.raises(Refused, match="在别处已有档案"):
        service.propose(person, on=today, by=county_admin, now=now)


@pytest.mark.parametrize(
    ("kind", "said", "sentence", "code"),
    [
        (K.LEAVE, {"reason": ""}, "请选退出的原因。", "reason"),
        (K.LEAVE, {"reason": "inquiry"}, "办理“退出”没有这个原因，请重新选。", "reason"),
        (K.LEAVE, {"reason": "duty"}, "因为这个原因的，要选处理：更换、清退。", "outcome"),
        (K.LEAVE, {"reason": "duty", "outcome": "adjust"}, "因为这个原因的，要选处理：更换、清退。", "outcome"),
        (K.LEAVE, {"outcome": "dismiss"}, "这个原因不用选处理，请把“处理”那一栏清空。", "outcome"),
        (K.LEAVE, {"reason": "duty", "outcome": "dismiss"}, "请写明是哪个单位作的决定。", "decided_by"),
        (K.LEAVE, {"reason": "other"}, "请在“说明”里写明情况。", "note"),
        (K.LEAVE, {"on": date(2026, 9, 18)}, "日期最晚是明天。还没有到的事，到了那天再办理。", "on"),
        (K.LEAVE, {"on": date(2022, 2, 28)}, "王桂兰是2022年3月1日上岗的，日期不能早于那一天。", ""),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    take: Callable[..., Step], worker: Worker, kind: str, said: dict[str, Any], sentence: str, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        take(worker, kind, **said)
    assert (refusal.value.sentence, refusal.value.code) == (sentence, code)
    assert Step.objects.count() == 0


def test_a_step_is_not_older_than_the_one_before_it(take: Callable[..., Step], worker: Worker, now: Any) -> None:
    take(worker, K.SUSPEND)
    with pytest.raises(Refused, match="王桂兰在2026年9月16日办理过“停职”，这一步的日期不能早于那一天。"):
        take(worker, K.RETURN, on=timezone.localdate(now) - timedelta(days=1))


def test_a_grid_is_not_given_up_before_it_was_taken(take: Callable[..., Step], worker: Worker) -> None:
    worker.postings.update(since=date(2026, 9, 1))
    with pytest.raises(Refused, match="王桂兰从2026年9月1日起负责双鹤社区第1网格，日期不能早于那一天。"):
        take(worker, K.LEAVE, on=date(2026, 8, 31))


def test_the_same_step_twice_is_one(take: Callable[..., Step], worker: Worker) -> None:
    assert take(worker, K.LEAVE, seen=0) == take(worker, K.LEAVE, seen=0)
    assert Step.objects.count() == 1


def test_a_page_from_before_another_step_is_refused(take: Callable[..., Step], worker: Worker) -> None:
    take(worker, K.SUSPEND)
    with pytest.raises(Refused, match="你打开这一页以后，王桂兰又有了新的办理，现在是“停职”。"):
        take(worker, K.LEAVE, seen=0)


def test_a_holder_of_a_role_gives_it_up_before_leaving(
    take: Callable[..., Step], worker: Worker, city: Any, now: Any
) -> None:
    worker.user.role_grants.create(role=Role.TOWNSHIP_ADMIN, territory=city.township, since=date(2026, 1, 1))
    with pytest.raises(Refused, match="王桂兰还是永安街道的乡镇管理员。请先在“人员与角色”里终止角色"):
        take(worker, K.LEAVE)
    assert take(worker, K.SUSPEND)


def test_nobody_takes_a_step_for_themselves_beyond_reach_or_above_their_office(
    take: Callable[..., Step], worker: Worker, outsider: Worker, township_admin: User, city: Any
) -> None:
    with pytest.raises(Refused, match="不能给自己办理"):
        take(worker, K.SUSPEND, by=worker.user)
    with pytest.raises(Refused, match="陈秀英的“停职”不归你办理"):
        take(outsider, K.SUSPEND)
    take(worker, K.LEAVE, by=township_admin)
    with pytest.raises(Refused, match="王桂兰的“重新上岗”不归你办理"):
        take(worker, K.REHIRE, by=township_admin)


# --- taking back ------------------------------------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_steps_taken_back_newest_first_leave_everything_as_it_was(
    data: st.DataObject, worker: Worker, county_admin: User, take: Callable[..., Step], now: Any, city: Any
) -> None:
    Step.objects.filter(kind=K.TAKE_BACK).delete()
    Step.objects.all().delete()
    start = data.draw(st.sampled_from(WorkerState.values), label="start")
    known = data.draw(st.booleans(), label="joined known")
    joined = {"joined_on": date(2022, 3, 1), "joined_precision": "day"}
    unknown = {"joined_on": None, "joined_precision": ""}
    Worker.objects.filter(pk=worker.pk).update(state=start, **(joined if known else unknown))
    User.objects.filter(pk=worker.user_id).update(is_active=data.draw(st.booleans(), label="account open"))
    days = sorted(data.draw(st.lists(st.integers(0, 300), max_size=8), label="days ago"), reverse=True)
    trail, taken = [standing(worker)], []
    for ago in days:
        worker.refresh_from_db()
        kind = data.draw(st.sampled_from(steps.possible(worker.state)), label="kind")
        taken.append(take(worker, kind, on=timezone.localdate(now) - timedelta(days=ago)))
        trail.append(standing(worker))
    for step in reversed(taken):
        assert standing(worker) == trail.pop()
        back = service.take_back(step, note="办错了", by=county_admin, now=now)
        assert service.take_back(step, note="办错了", by=county_admin, now=now) == back
    assert [standing(worker)] == trail


def test_only_the_newest_step_is_taken_back(
    take: Callable[..., Step], worker: Worker, county_admin: User, now: Any
) -> None:
    first, second = take(worker, K.SUSPEND), take(worker, K.RETURN)
    with pytest.raises(Refused, match="王桂兰后来又办理了“回到岗位”。只能从最近的一步撤起。"):
        service.take_back(first, note="错", by=county_admin, now=now)
    with pytest.raises(Refused, match="请写明为什么撤回。"):
        service.take_back(second, note=" ", by=county_admin, now=now)
    service.take_back(second, note="错", by=county_admin, now=now)
    service.take_back(first, note="错", by=county_admin, now=now)
    worker.refresh_from_db()
    assert (worker.state, Step.objects.count()) == (S.ACTIVE, 4)


def test_the_first_step_of_a_file_stays(city: Any, county_admin: User, now: Any) -> None:
    person = Person("冯新", city.township.pk, "fulltime")
    step = service.propose(person, on=timezone.localdate(now), by=county_admin, now=now)
    with pytest.raises(Refused, match="“拟聘”是冯新档案的第一步"):
        service.take_back(step, note="错", by=county_admin, now=now)


def moved_on(worker: Worker, city: Any) -> None:
    Posting.objects.create(worker=worker, grid=city.grids[0])


def grid_ended(worker: Worker, city: Any) -> None:
    city.grids[0].valid_to = date(2026, 9, 16)
    city.grids[0].save()


def imported(worker: Worker, city: Any) -> None:
    Worker.objects.update(state=S.SUSPENDED)


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        (moved_on, "王桂兰在双鹤社区第1网格的在岗记录后来又改过，不能撤回。"),
        (grid_ended, "双鹤社区第1网格后来撤销了，王桂兰不能再回到那里，不能撤回。"),
        (imported, "王桂兰现在是“停职”，和这一步办完时不一样了，不能撤回。"),
    ],
)
def test_later_facts_stand_in_the_way_and_are_named(
    take: Callable[..., Step], worker: Worker, city: Any, county_admin: User, now: Any, since: Any, sentence: str
) -> None:
    step = take(worker, K.LEAVE)
    since(worker, city)
    with pytest.raises(Refused) as refusal:
        service.take_back(step, note="错", by=county_admin, now=now)
    assert refusal.value.sentence == sentence


def test_grids_taken_after_coming_back_stand_in_the_way(
    take: Callable[..., Step], worker: Worker, city: Any, county_admin: User, now: Any
) -> None:
    take(worker, K.LEAVE)
    step = take(worker, K.REHIRE)
    Posting.objects.create(worker=worker, grid=city.grids[1])
    with pytest.raises(Refused, match="王桂兰后来又负责了双鹤社区第2网格。请先结束这些在岗记录，再撤回。"):
        service.take_back(step, note="错", by=county_admin, now=now)


# --- many -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(county_admin: User, now: Any) -> Batch:
    return Batch.objects.create(kind="suspend", listing="workers", actor=county_admin, at=now)


def many(workers: list[Worker], by: User, now: Any, **said: Any) -> service.Many:
    given = {"kind": K.LEAVE, "on": timezone.localdate(now), "reason": "expired", **said}
    return service.take_step_many(workers, by=by, now=now, **given)


def test_an_act_on_many_says_whom_it_passed_over_and_is_undone_as_one(
    worker: Worker, colleague: Worker, outsider: Worker, county_admin: User, now: Any, batch: Batch
) -> None:
    before = [standing(worker), standing(colleague), standing(outsider)]
    done = many([worker, colleague, outsider], county_admin, now, batch=batch)
    assert ([step.worker for step in done.steps], batch.count) == ([worker, colleague], 2)
    assert [(passed.name, why) for passed, why in done.refused] == [
        ("陈秀英", "陈秀英的“退出”不归你办理，请上一级管理员办理。")
    ]
    assert standing(worker)[0] == S.LEFT
    assert service.undo_batch(batch, by=county_admin, now=now) == 2
    assert [standing(worker), standing(colleague), standing(outsider)] == before
    assert service.undo_batch(batch, by=county_admin, now=now) == 0


def test_an_act_on_many_is_undone_whole_or_not_at_all(
    worker: Worker, colleague: Worker, county_admin: User, now: Any, batch: Batch, take: Callable[..., Step]
) -> None:
    many([worker, colleague], county_admin, now, kind=K.SUSPEND, reason="inquiry", batch=batch)
    take(colleague, K.RETURN)
    with pytest.raises(Refused, match="李建国后来又办理了“回到岗位”。只能从最近的一步撤起。"):
        service.undo_batch(batch, by=county_admin, now=now)
    assert (standing(worker)[0], Batch.objects.get().undone_at) == (S.SUSPENDED, None)


def test_one_whom_it_was_taken_back_for_by_hand_is_left_alone_by_the_undo(
    worker: Worker, colleague: Worker, county_admin: User, now: Any, batch: Batch
) -> None:
    done = many([worker, colleague], county_admin, now, kind=K.SUSPEND, reason="inquiry", batch=batch)
    service.take_back(done.steps[0], note="错", by=county_admin, now=now)
    assert service.undo_batch(batch, by=county_admin, now=now) == 1


def test_many_cost_as_many_questions_as_two(
    hire: Callable[..., Worker], city: Any, county_admin: User, now: Any, batch: Batch
) -> None:
    workers = [hire(f"W{n:06}", f"某{n}", city.townships[n % 2]) for n in range(8)]
    many(workers[:1], county_admin, now, batch=batch)  # the roles of the admin are read once
    counts = []
    for some in (workers[1:3], workers[3:]):
        with CaptureQueriesContext(connection) as asked:
            many(some, county_admin, now, batch=batch)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_step_needs_a_worker_in_a_territory_still_reached(
    worker: Worker, county_b_admin: User, now: Any, batch: Batch, city: Any
) -> None:
    assert isinstance(city.township, Territory)
    assert many([worker], county_b_admin, now, batch=batch).steps == []

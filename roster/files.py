"""A worker's file changed by hand: who may, what fits together, and the one verb, which keeps what stood there before."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from lms.sealing import lookup
from roster import reach
from roster.fields import DATES, FIELDS, label, read, shown, value_of
from roster.identity import pinyin_of
from roster.models import (
    Duty,
    Employment,
    PostBand,
    Role,
    Territory,
    User,
    Worker,
    WorkerChange,
    id_lookup,
    mobile_lookup,
    tail_lookup,
)

# By these a person is recognised in every list, and they stand on certificates and under agreements: a wrong one makes two people
# one, or hands an account to somebody else. So the county decides, which sees both townships of a namesake.
RESERVED = frozenset({"name", "id_number"})
KEEPERS = (Role.COUNTY_ADMIN, Role.CITY_ADMIN)
LADDER = frozenset({"employment", "post", "step"})
# what goes with a field and is never written alone
FOLLOWING: dict[str, Callable[[Worker], dict[str, Any]]] = {
    "name": lambda worker: dict(zip(("pinyin", "initials"), pinyin_of(worker.name), strict=True)),
    "id_number": lambda worker: {"id_hash": id_lookup(worker.id_number) if worker.id_number else None},
    "mobile": lambda worker: {
        "mobile_hash": mobile_lookup(worker.mobile) if worker.mobile else "",
        "mobile_tail_hash": tail_lookup(worker.mobile) if worker.mobile else "",
    },
}


def may_change(by: User, worker: Worker, name: str) -> bool:
    return reach.covers(by, worker.township, Duty.ROSTER, *(KEEPERS if name in RESERVED else ()))


@transaction.atomic
def change(
    worker: Worker,
    new: Mapping[str, Any],
    *,
    reason: str,
    source: str,
    by: User | None,
    now: datetime,
    seen: Mapping[str, str] | None = None,
) -> WorkerChange | None:
    """Change fields of the file, and keep what stood there before, with the reason. Returns None where nothing differs.

    `seen` are the `fingerprints` of what the form showed: a field that somebody has changed since is refused by name, and one that
    still says what was shown is left alone. Refuses what a field cannot hold; the code is the field's name.
    """
    worker = Worker.objects.select_for_update(of=("self",)).select_related("township").get(pk=worker.pk)
    check_may(by, worker)
    wanted = differing(worker, {name: read(name, raw) for name, raw in new.items()}, seen=seen)
    if not wanted:
        return None
    for name in wanted:
        if by is not None and not may_change(by, worker, name):
            said = {"field": label(name)}
            raise Refused(_("“%(field)s”由县级以上管理员更改，请上一级管理员办理。") % said, code=name)
    if not reason.strip():
        raise Refused(_("请写明更改的原因。"), code="reason")
    fields = written(worker, wanted)
    worker.save(update_fields=[*fields])
    follow_account(worker, wanted)
    kept = [[name, old, value] for name, (old, value) in wanted.items()]
    changed = WorkerChange.objects.create(
        worker=worker, at=now, by=by, source=source, reason=reason.strip(), fields=kept
    )
    audit.note(
        "worker.changed", now=now, actor=by, subject=worker, territory=worker.township.path, fields=sorted(wanted)
    )
    return changed


def check_may(by: User | None, worker: Worker) -> None:
    if by is None:
        return
    if worker.user_id == by.pk:
        raise Refused(_("不能改自己的档案。登记有误的，请在“我的”里申请更正。"))
    if not reach.covers(by, worker.township, Duty.ROSTER):
        raise Refused(_("这个人不在你的管辖范围，请上一级管理员办理。"))


def differing(
    worker: Worker, values: Mapping[str, Any], *, seen: Mapping[str, str] | None
) -> dict[str, tuple[Any, Any]]:
    """{field: (old, new)} of what is really to change. Refuses fields that somebody has changed since they were shown."""
    wanted, stale = {}, []
    for name, value in values.items():
        held = value_of(worker, name)
        shown_then = (seen or {}).get(name)
        if value == held or (shown_then and fingerprint(worker, name, value) == shown_then):
            continue
        if shown_then and fingerprint(worker, name, held) != shown_then:
            stale.append(f"“{label(name)}”（{shown(name, held, names_of([(name, held)]))}）")
        wanted[name] = (held, value)
    if stale:
        which = "、".join(stale)
        raise Refused(_("你打开这一页以后，别人改过%(which)s，现在是括号里的内容。请看过再改。") % {"which": which})
    return wanted


def written(worker: Worker, wanted: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Set the columns on the worker, with those that follow; returns them. Refuses what does not fit together."""
    columns: dict[str, Any] = {}
    for name, (_old, value) in wanted.items():
        columns |= _columns(name, value)
    for column, value in columns.items():
        setattr(worker, column, value)
    if LADDER & set(wanted):  # what a list has brought in does not stand in the way of another field
        check_ladder(worker)
    if "id_number" in wanted:
        check_alone(worker)
    for name in wanted:
        if follow := FOLLOWING.get(name):
            for column, value in follow(worker).items():
                setattr(worker, column, value)
                columns[column] = value
    return columns


def _columns(name: str, value: Any) -> dict[str, Any]:
    if name == "joined_on":
        day, precision = value or (None, "")
        return {"joined_on": date.fromisoformat(day) if day else None, "joined_precision": precision}
    if name == "post":
        return {"post_id": value}
    if name in DATES:
        return {name: date.fromisoformat(value) if value else None}
    return {name: value}


def check_ladder(worker: Worker) -> None:
    """Posts and steps are for full-time workers, and a step lies within the band of its post."""
    if worker.post_id is None and worker.step is None:
        return
    if worker.employment != Employment.FULL_TIME:
        raise Refused(_("兼职网格员不定岗位和级，请把这两栏清空。"), code="post")
    if worker.post_id is None:
        raise Refused(_("定级要先定岗位，请选岗位。"), code="post")
    band = PostBand.objects.get(pk=worker.post_id)
    if worker.step is not None and not band.lowest <= worker.step <= band.highest:
        said = {"post": band.name, "lowest": band.lowest, "highest": band.highest}
        raise Refused(_("“%(post)s”的级在 %(lowest)d 到 %(highest)d 之间，请改级或岗位。") % said, code="step")


def check_alone(worker: Worker) -> None:
    """One ID number is one person."""
    if worker.id_number and Worker.objects.filter(id_hash=id_lookup(worker.id_number)).exclude(pk=worker.pk).exists():
        raise Refused(_("这个身份证号已登记在另一个人名下。请先核对两份档案，是谁填错了。"), code="id_number")


def follow_account(worker: Worker, wanted: Mapping[str, Any]) -> None:
    if worker.user_id and {"name", "mobile"} & set(wanted):
        User.objects.filter(pk=worker.user_id).update(name=worker.name, mobile_hash=worker.mobile_hash)


def names_of(values: Iterable[tuple[str, Any]]) -> dict[tuple[str, Any], str]:
    """What the rows are called that values of a file point to, for `fields.shown`: {(field, id): name}."""
    found: dict[tuple[str, Any], str] = {}
    asked = {
        (name, value) for name, value in values if name in {"post", "post_id", "township", "township_id"} and value
    }
    for model, columns in ((PostBand, ("post", "post_id")), (Territory, ("township", "township_id"))):
        if pks := {value for name, value in asked if name in columns}:
            called = dict(model.objects.filter(pk__in=pks).values_list("pk", "name"))
            found |= {(name, pk): called[pk] for name, pk in asked if name in columns and pk in called}
    return found


def fingerprint(worker: Worker, name: str, value: Any) -> str:
    """What a form may carry of a value to know it again without saying it."""
    return lookup(f"{worker.pk}:{name}:{json.dumps(value)}", purpose="seen")[:16]


def fingerprints(worker: Worker) -> dict[str, str]:
    return {name: fingerprint(worker, name, value_of(worker, name)) for name in FIELDS}

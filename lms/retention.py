"""Letting go of what is kept no longer, by the clock: every floor registers its rules, beat runs them each hour.

A rule is safe to run twice, late, or while people work: it takes a few rows at a time, each few in a short transaction, and what it has
done it no longer finds. A dry run only counts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, models, transaction
from django.db.models import Q, QuerySet
from django.utils.module_loading import autodiscover_modules

from lms import audit
from lms.models import ImportRow, ImportRun, ImportState, Job, JobState
from lms.outcomes import UNDO

CHUNK = 200
PAUSE = 0.03
log = structlog.get_logger(__name__)

Due = Callable[[datetime], "QuerySet[Any]"]
Act = Callable[["QuerySet[Any]"], object]


@dataclass(frozen=True)
class Rule:
    """Which rows are over at a moment, and what is done to a few of them."""

    code: str
    title: str
    due: Due
    act: Act


_rules: dict[str, Rule] = {}


def rule(code: str, title: str, *, due: Due, act: Act) -> None:
    """Register a rule; in the module `keeping` of a floor, which is looked for by itself."""
    _rules[code] = Rule(code, title, due, act)


def rules() -> list[Rule]:
    autodiscover_modules("keeping")
    return list(_rules.values())


def run(*, now: datetime, dry: bool = False) -> dict[str, int]:
    """Carry out every rule; returns how many rows each found. One that fails is logged, and the others go on."""
    found = {}
    for one in rules():
        try:
            found[one.code] = one.due(now).count() if dry else carry_out(one, now=now)
        except Exception:
            if dry:
                raise
            log.exception("retention_failed", rule=one.code)
    if not dry and (done := {code: count for code, count in found.items() if count}):
        audit.note("personal.retained", now=now, counts=done)
    return found


def carry_out(one: Rule, *, now: datetime) -> int:
    """A few rows at a time, until none is left; rows that an act leaves due are taken once."""
    total, last = 0, None
    while True:
        left = one.due(now).order_by("pk")
        keys = list((left.filter(pk__gt=last) if last is not None else left).values_list("pk", flat=True)[:CHUNK])
        if not keys:
            return total
        with transaction.atomic():
            # looked at again inside: what has changed meanwhile is no longer due
            one.act(one.due(now).filter(pk__in=keys))
        total, last = total + len(keys), keys[-1]
        if connection.vendor == "sqlite":
            time.sleep(PAUSE)


def delete(rows: "QuerySet[Any]") -> None:
    rows.delete()


# --- the ground floor -------------------------------------------------------------------------------------------------

OVER = (ImportState.DONE, ImportState.UNDONE, ImportState.REFUSED, ImportState.DROPPED)
NEVER = (ImportState.MAPPING, ImportState.READY)


def ended_sessions(now: datetime) -> "QuerySet[Any]":
    return Session.objects.filter(expire_date__lt=now)


def devices(now: datetime) -> "QuerySet[Any]":
    """The list of one's devices: rows whose session is no more."""
    kept = Session.objects.filter(expire_date__gte=now).values("session_key")
    return apps.get_model("usersessions.UserSession")._base_manager.exclude(session_key__in=kept)


def old_jobs(now: datetime) -> "QuerySet[Any]":
    before = now - timedelta(days=settings.JOB_DAYS)
    return Job.objects.filter(state__in=[JobState.DONE, JobState.FAILED], created_at__lt=before).filter(
        Q(finished_at=None) | Q(finished_at__lt=before)
    )


def old_imports(now: datetime) -> "QuerySet[Any]":
    """Runs whose time for taking back is over, and so many days more; and those that nobody ever confirmed."""
    before = now - UNDO - timedelta(days=settings.IMPORT_ORIGINAL_DAYS)
    over = Q(state__in=OVER) & (Q(finished_at__lt=before) | Q(finished_at=None, created_at__lt=before))
    ended = over | Q(state__in=NEVER, created_at__lt=before)
    held = ImportRow.objects.filter(run=models.OuterRef("pk")).filter(HELD)
    return ImportRun.objects.filter(ended).filter(~Q(file="") | ~Q(samples__isnull=True) | models.Exists(held))


HELD = ~Q(cells__isnull=True) | ~Q(plan__isnull=True) | ~Q(options__isnull=True) | ~Q(done__isnull=True) | ~Q(label="")


def empty_imports(runs: "QuerySet[Any]") -> None:
    """Files and the content of rows go; who brought in what, when, and how many rows of what stay."""
    for run in list(runs.select_for_update()):
        if run.file:
            storage, name = run.file.storage, run.file.name
            transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))  # type: ignore[misc]
        if run.state in NEVER:
            run.state = ImportState.DROPPED
        run.file, run.samples = "", None
        run.save(update_fields=["file", "samples", "state"])
        ImportRow.objects.filter(run=run).filter(HELD).update(
            label="", notes=[], cells=None, plan=None, options=None, done=None
        )


rule("sessions", "过期的登录", due=ended_sessions, act=delete)
rule("devices", "已经结束的登录设备", due=devices, act=delete)
rule("jobs", "早已结束的后台任务", due=old_jobs, act=delete)
rule("imports", "导入的原表和行的内容", due=old_imports, act=empty_imports)

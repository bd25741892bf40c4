"""What only a person can say of a row: which of two people it is, which month is meant, whether somebody missing is still there."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lms import audit, imports, staging, writing
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.outcomes import RANKS, WAITING, ranks_of
from lms.refusal import Refused

SAME = 2_000  # so many rows at most are decided at once in one transaction


def open_rows(run: ImportRun) -> QuerySet[ImportRow]:
    """Rows that stay out until somebody decides."""
    wrong = run.rows.exclude(question="").filter(rank=RANKS[Outcome.WRONG], choice="")
    return run.rows.filter(rank__in=ranks_of(WAITING)) | wrong


@transaction.atomic
def choose(row: ImportRow, choice: str, *, by: Any, now: datetime) -> int:
    """
    Take an option for a row and for all rows of the same person that ask the same; "" takes the decision back.

    Returns how many rows it decided. Refuses once the import has begun, and an option that the row does not have.
    """
    run = held(row.run, by=by)
    alike = run.rows.filter(question=row.question).exclude(question="")
    rows = list(alike.filter(key=row.key) if row.key else alike.filter(pk=row.pk))
    if not any(other.pk == row.pk for other in rows):
        raise Refused(_("这一行没有要决定的事。"))
    return settle(run, rows, choice, by=by, now=now)


@transaction.atomic
def choose_all(run: ImportRun, question: str, choice: str, *, by: Any, now: datetime) -> int:
    """Take one option for every row that asks this question and has the option."""
    run = held(run, by=by)
    rows = list(run.rows.filter(question=question).exclude(question="")[: SAME + 1])
    if len(rows) > SAME:
        raise Refused(_("这样的行超过 %s 行，不能一次全选。请核对是不是整列填错了。") % SAME)
    having = [row for row in rows if choice in (row.options or {})]
    return settle(run, having, choice, by=by, now=now)


def held(run: ImportRun, *, by: Any) -> ImportRun:
    imports.permit(imports.resource_of(run.kind), by)
    run = ImportRun.objects.select_for_update().get(pk=run.pk)
    if run.state != ImportState.READY:
        raise Refused(_("已经开始导入或者已经放弃，现在不能再改决定。"))
    return run


def settle(run: ImportRun, rows: list[ImportRow], choice: str, *, by: Any, now: datetime) -> int:
    for row in rows:
        take(row, choice)
    writing.write_down(rows, ["choice", "outcome", "rank", "plan", "cells"])
    staging.recount(run)
    audit.note("import.decided", now=now, actor=by, subject=run, rows=len(rows), choice=choice)
    return len(rows)


def take(row: ImportRow, choice: str) -> None:
    option = (row.options or {}).get(choice)
    if option is None:
        raise Refused(_("没有这个选项。请重新打开这一页再选。"))
    row.choice, row.outcome, row.plan = choice, option["outcome"], option["plan"]
    row.rank = RANKS[Outcome(row.outcome)]
    row.cells = {**(row.cells or {}), "changes": option["changes"]}


@transaction.atomic
def account_for(row: ImportRow, *, by: Any, now: datetime) -> None:
    """Somebody whom the list does not name is still there: the list was incomplete. Saying it again takes it back."""
    run = ImportRun.objects.select_for_update().get(pk=row.run_id)
    imports.permit(imports.resource_of(run.kind), by)
    row = run.rows.get(pk=row.pk)
    if row.outcome != Outcome.ABSENT or run.state not in {ImportState.READY, ImportState.DONE}:
        raise Refused(_("这一行没有要决定的事。"))
    row.choice = "" if row.choice else "stays"
    row.save(update_fields=["choice"])
    audit.note("import.accounted_for", now=now, actor=by, subject=run, row=row.pk, choice=row.choice)

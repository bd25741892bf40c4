"""Everything that is kept about a worker, as a file to take home (查阅、复制权). Made from the declarations of all floors.

Sealed values stand in it in full, so it is asked for with the password. What is not to be shown yet (marks of an exam whose results are
not out) is not in it, and of what only the system can use (hashes, keys) it says that it is there. Names of those who did something in
their office are not the worker's data.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from lms import audit, exported, workbooks
from lms.personal import HAND, Personal, about_workers
from roster import looked_at
from roster.models import Worker, WorkerChange
from roster.timeline import line

COPIED = "personal.copied"
Line = tuple[str, str, str, str]  # of what, which row of it, which field, its content


def title() -> str:
    return _("网格学堂里我的个人信息")


@transaction.atomic
def make(worker: Worker, *, now: datetime) -> bytes:
    """The .xlsx file; that it was taken is noted."""
    lines = list(all_lines(worker, now=now))
    audit.note(COPIED, now=now, actor=worker.user, subject=worker, rows=len(lines))
    mark = exported.Mark(_("本人"), now, worker.name, more=worker.number)
    notes = [
        _("%(name)s（登录号 %(number)s），%(at)s 由本人导出。里面有完整的号码，请自己收好。")
        % {"name": worker.name, "number": worker.number, "at": date_format(timezone.localtime(now), "DATETIME_FORMAT")},
        _("“系统内部用”的是摘要、密钥一类，只有系统认得，不是文字内容。没有公布的成绩不在里面，公布以后再导出就有。"),
    ]
    columns = [(_("类别"), ""), (_("第几条"), ""), (_("项目"), ""), (_("内容"), "")]
    return workbooks.book(_("我的个人信息"), title=title(), notes=notes, columns=columns, rows=lines, mark=mark)


def all_lines(worker: Worker, *, now: datetime) -> Iterator[Line]:
    for one in about_workers():
        yield from lines_of(one, worker, now=now)
    for number in looked_at.page(worker, 1).paginator.page_range:
        for place, look in enumerate(looked_at.page(worker, number), start=1):
            yield (
                _("谁看过、改过我的档案"),
                str((number - 1) * looked_at.PAGE + place),
                date_format(timezone.localtime(look.at), "DATETIME_FORMAT"),
                f"{look.who}，{look.what} {'、'.join(look.fields)} {look.why}".strip(),
            )


def lines_of(one: Personal, worker: Worker, *, now: datetime) -> Iterator[Line]:
    rows = one.rows_of(worker).order_by("pk")
    if one.shown:
        rows = rows.filter(one.shown(now))
    for number, row in enumerate(rows.distinct().iterator(chunk_size=500), start=1):
        for name, what in one.holds.items():
            if what != HAND and (text := content(one, row, name)):
                yield one.about, str(number), what, text


def content(one: Personal, row: models.Model, name: str) -> str:
    if isinstance(row, WorkerChange) and name == "fields":
        kept: Any = row.fields
        told = [said for field, old, new in kept if (said := line(field, old, new, {}))]
        return "；".join(f"{label}：{old} → {new}" for label, old, new in told)
    value, column = getattr(row, name), row._meta.get_field(name)
    if name in one.inner:
        return _("有，系统内部用") if value else ""
    if choices := getattr(column, "flatchoices", None):
        return str(dict(choices).get(value, value) or "")
    return words(value)


def words(value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value)
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return "、".join(map(str, value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)

"""The admin's own file back, with the reason beside each row that does not go in: put right there, it is uploaded again as it is."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZipFile

import structlog
from django.utils.translation import gettext as _

from lms import exported, formulas, imports, ownfile, rebuilt, sealing
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.refusal import Refused
from lms.resources import ERROR, REASON, REMARK
from lms.sheets import delimited, sniff
from lms.workbooks import KIND

log = structlog.get_logger()

KEPT = {ImportState.READY, ImportState.APPLYING, ImportState.DONE, ImportState.UNDOING, ImportState.UNDONE}
OUT = {*imports.LEFT_OUT, Outcome.SKIPPED, Outcome.CONFLICT, Outcome.DUPLICATE}
# a workbook is opened whole, with all its looks, up to this size (6 s, 100 MB); a larger one is built anew from what was read,
# and of one that is larger still only the rows themselves are handed out
WHOLE, UNPACKED, MOST = 10_000, 24 * 1024 * 1024, 30_000


@dataclass(frozen=True)
class File:
    data: bytes
    name: str
    kind: str


@dataclass
class Beside:
    """What is written beside one row, and the letters of its wrong cells."""

    reason: str = ""
    remark: str = ""
    wrong: list[str] = field(default_factory=list)


Rows = dict[int, Beside]


def file(run: ImportRun, *, by: Any, now: datetime) -> File:
    """
    The uploaded file with two columns more. Refuses where there is nothing to say, or the file is no longer kept.
    Its numbers are not masked, so each time it is handed out is noted.
    """
    if run.state not in KEPT or not run.file:
        raise Refused(_("原来的文件已经不在系统里了。请看下面每一行的原因，在自己留的那份上改好，再重新上传。"))
    found = beside(run)
    if not any(rows for rows in found.values()):
        raise Refused(_("这份文件的每一行都能导入，也没有提醒，不用再下载一份。"))
    with run.file.open() as kept:
        data = sealing.unseal_bytes(kept.read())
    exported.note(
        by, kind="import.annotated", rows=sum(map(len, found.values())), reason="repair", now=now, subject=run
    )
    given = exported.mark(by, now=now, reason="repair")
    kind = sniff.kind(data)
    name, _dot, ending = run.file_name.rpartition(".")
    name = _("%s（带错误原因）") % (name or ending)
    if kind == "csv":
        return File(in_text(data, header_rows(run), found.get("", {})), f"{name}.csv", "text/csv")
    return File(in_workbook(run, data, kind, found, given), f"{name}.xlsx", KIND)


def header_rows(run: ImportRun) -> dict[str, list[int]]:
    """Of two tables in one sheet the upper one's: what is written beside the rows stands in one column for both."""
    return {sheet["name"]: sheet["header_rows"] for sheet in reversed(run.reading.get("sheets", []))}


# --- what is said ---------------------------------------------------------------------------------------------------


def beside(run: ImportRun) -> dict[str, Rows]:
    """By sheet and by the sheet's own row number: why a row stays out, and what else there is to be said of it."""
    found: dict[str, Rows] = defaultdict(dict)
    rows = run.rows.exclude(outcome=Outcome.ABSENT).filter(number__gt=0)
    for row in rows.only("sheet", "number", "outcome", "notes").order_by("position").iterator(chunk_size=500):
        said = said_of(row)
        if said.reason or said.remark:
            found[row.sheet][row.number] = said
    return found


def said_of(row: ImportRow) -> Beside:
    """Of a row that stays out the faults, or else whatever there is, are the reason; everything else is a remark."""
    errors = [note for note in row.notes if note["level"] == ERROR]
    others = [note for note in row.notes if note["level"] != ERROR]
    if row.outcome not in OUT:
        return Beside(remark=told(others))
    if not errors:
        errors, others = others, []
    wrong = [note["column"] for note in errors if note["column"]]
    return Beside(told(errors) or _("没有导入：%s。") % Outcome(row.outcome).label, told(others), wrong)


def told(notes: list[dict[str, Any]]) -> str:
    """The sentences, each with the column it speaks of."""
    return " ".join(
        dict.fromkeys(
            _("%(column)s 列：%(text)s") % {"column": note["column"], "text": note["message"]}
            if note["column"]
            else note["message"]
            for note in notes
        )
    )


# --- where it is written --------------------------------------------------------------------------------------------


def in_workbook(run: ImportRun, data: bytes, kind: str, found: dict[str, Rows], given: exported.Mark) -> bytes:
    """In the uploaded workbook itself where that can be opened whole, else in one with the same cells."""
    heads, rows = header_rows(run), sum(run.counts.values())
    if rows > MOST:
        raise Refused(_("这份表超过 %s 行，太大了，不能整份带原因下载。请用“只下载这些行”。") % f"{MOST:,}")
    if kind == "xlsx" and rows <= WHOLE and unpacked(data) <= UNPACKED:
        try:
            return ownfile.annotated(data, heads, found, given)
        except (
            Exception
        ) as error:  # whatever a workbook of another program makes of opening it: its cells have been read
            log.warning("annotated.rebuilt", run=run.pk, error=type(error).__name__)
    return rebuilt.annotated(data, run.file_name, heads, found, given)


def unpacked(data: bytes) -> int:
    with ZipFile(BytesIO(data)) as archive:
        return sum(info.file_size for info in archive.infolist() if not info.filename.startswith("xl/media/"))


def in_text(data: bytes, heads: dict[str, list[int]], rows: Rows) -> bytes:
    """A text table in its own encoding (UTF-8 and UTF-16 with their mark) and with its own separator."""
    content, encoding = delimited.decode(data)
    mark = delimited.separator(content)
    out = StringIO(newline="")
    ending = "\r\n" if "\r\n" in content else "\n"
    writer = csv.writer(out, delimiter=mark, lineterminator=ending)
    table = list(csv.reader(StringIO(content, newline=""), delimiter=mark))
    writer.writerows(lines(table, heads[""], rows))
    own = {"utf-8": "utf-8-sig", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(encoding, encoding)
    return out.getvalue().encode(own)


def lines(table: list[list[str]], header: list[int], rows: Rows) -> Iterator[list[str]]:
    """Each line with its reason and its remark behind the last column; those of an earlier time are taken off first."""
    head = table[header[-1] - 1]
    width = head.index(REASON) if REASON in head else max(map(len, table[header[0] - 1 :]), default=0)
    for number, cells in enumerate(table, start=1):
        said, line = rows.get(number), [formulas.guarded(formulas.unguarded(cell)) for cell in cells]
        if number == header[-1]:
            yield [*padded(line, width), REASON, REMARK]
        elif said:
            yield [*padded(line, width), formulas.guarded(said.reason), formulas.guarded(said.remark)]
        else:
            yield line if number < header[-1] else line[:width]


def padded(line: list[str], width: int) -> list[str]:
    return [*line[:width], *[""] * (width - len(line))]

"""A file becomes judged lines: read by `lms.sheets`, each cell by its column, each row with the whole file in view. Writes nothing."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets, specimens
from lms.models import Outcome
from lms.refusal import Refused
from lms.resources import REASON, REMARK, Line, SheetResource

SKIPPED_SHOWN = 100
CANDIDATES = 12  # sheets whose first rows are kept for pointing at the header
FAULTS = {
    "error_value": lazy("这一格是表格程序的错误值，读不出内容。请改好后重新上传。"),
    "formula_without_value": lazy("这一格是公式，文件里没有存下结果。请在 WPS 或 Excel 中打开、保存一次，再重新上传。"),
}
AS_FOUND = sheets.ReadOptions()
LONG = re.compile(r"\d[\d ]{6,}[\dXx]")


@dataclass
class Reading:
    """A file read and judged: its lines, what was left out, and how its columns were taken."""

    lines: list[Line]
    skipped_rows: int
    report: dict[str, Any]
    # titles and a few values of each column, masked; who was not named; how many known ones each area holds
    samples: dict[str, Any] = field(default_factory=dict)
    absent: list[Line] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(line.outcome for line in self.lines))


class NoHeader(Refused):
    """No row of the file names what this kind needs; `samples` holds its first rows, for a person to point at the header."""

    def __init__(self, sentence: str, samples: dict[str, Any]) -> None:
        super().__init__(sentence)
        self.samples = samples


def read(
    resource: SheetResource,
    data: bytes,
    *,
    name: str,
    actor: Any,
    now: datetime,
    options: sheets.ReadOptions = AS_FOUND,
) -> Reading:
    """Read and judge a whole file. Writes nothing. Refuses a file that is no table of this kind, in one sentence."""
    book = sheets.read_apart(data, name=name)
    found, left_out = sheets.tables(
        book, resource.aliases(), need=resource.need, options=options, fillable=resource.fillable
    )
    if not found:
        raise no_header(resource, book, left_out)
    specimens.set_aside(found, resource)
    told, samples = report(found, left_out), {"sheets": [sampled(table) for table in found]}
    resource.today = timezone.localdate(now)
    resource.prepare(actor=actor, now=now)
    lines = []
    for line in lines_of(found):
        resource.clean_line(line)
        resource.judge_alone(line)
        lines.append(line)
    if not lines:
        raise Refused(_("这份表里没有要导入的行。请从表头下面开始，一行填一个，再重新上传。"))
    resource.judge(lines, tables=found)
    for line in lines:
        settle(line)
    told["said"] = resource.said(lines)
    absent = resource.absent(lines)
    areas = sorted({line.area for line in lines if line.area})
    return Reading(
        lines,
        sum(len(table.skipped) for table in found),
        told,
        samples=samples,
        absent=absent,
        known=resource.known_in(areas) if areas else {},
    )


def no_header(resource: SheetResource, book: sheets.Book, left_out: list[sheets.LeftOut]) -> Refused:
    """Where a person may find the header, its first rows; else only that this is no such table."""
    if any(sheet.reason == "side by side" for sheet in left_out):
        return Refused(
            _("一张工作表里并排放着两个表，分不清哪些格子是一行。请把它们上下放，或者分成两张工作表，再重新上传。")
        )
    needed = "、".join(str(resource.columns()[name].column_name) for name in resource.need)
    sentence = _("在这个文件里没有找到%(title)s的表头。请确认选对了文件，表头里要有：%(need)s。")
    first_rows = [
        {"name": sheet.name, "rows": [[row.number, [masked(text) for text in row.cells]] for row in rows]}
        for sheet in book.sheets
        if sheet.width >= len(resource.need) and (rows := sheets.candidates(sheet))
    ]
    sentence = sentence % {"title": resource.title, "need": needed}
    return NoHeader(sentence, {"candidates": first_rows[:CANDIDATES]}) if first_rows else Refused(sentence)


def sampled(table: sheets.Table) -> dict[str, Any]:
    """How each column was taken, with a few of its values; blanks that might mean the row above; what stands in rows that are no data."""
    columns = [
        [column.letter, column.title, column.field, [masked(value) for value in column.samples]]
        for column in table.columns
    ]
    gaps = [[name, gap.count, gap.first_row, gap.value_above] for name, gap in table.gaps.items()]
    # whoever made or signed a list stands in its rows that are no data
    skipped = [masked(row.text) for row in table.skipped[:SKIPPED_SHOWN]]
    return {"name": table.sheet.name, "columns": columns, "gaps": gaps, "skipped": skipped}


def masked(value: str) -> str:
    """A value as it may be shown: of a long number only its first and last figures."""
    return LONG.sub(lambda found: f"{found[0][:3]}****{found[0][-2:]}", value)[:40]


def settle(line: Line) -> None:
    """A row with a fault is wrong whatever it would do; of a row out of reach nothing more is said than that."""
    if line.outcome == Outcome.OUT_OF_REACH:
        line.notes = [note for note in line.notes if note.code == "out_of_reach"]
        line.plan = None
    elif line.wrong:
        line.outcome, line.plan = Outcome.WRONG, None


def lines_of(tables: list[sheets.Table]) -> Iterator[Line]:
    """The rows, each given up by its table as it becomes a line; what stands over them stays, for it may say of which month a list is."""
    for table in tables:
        letters = {field: sheets.letter(index) for field, index in table.fields.items()}
        table.sheet.rows = table.sheet.rows[: table.header_rows[-1]]
        rows = table.rows[::-1]
        table.rows.clear()
        while rows:
            row = rows.pop()
            line = Line(table.sheet.name, row.number, row.cells, letters)
            for field_name, code in row.faults.items():
                line.fault(code, FAULTS[code], field_name)
            yield line


def report(tables: list[sheets.Table], left_out: list[sheets.LeftOut]) -> dict[str, Any]:
    """What the preview tells of the reading: sheets, header rows, columns, rows left out, totals that do not agree, hidden rows."""
    return {
        "sheets": [
            {
                "name": table.sheet.name,
                "header_rows": list(table.header_rows),
                "rows": len(table.rows),
                "checks": [[check.row, check.declared, check.counted] for check in table.checks],
                "hidden": len(table.hidden_rows),
                "hidden_columns": [column.letter for column in table.hidden_columns],
                "columns": [
                    [column.letter, masked(column.title), column.field]
                    for column in table.columns
                    if column.field or column.title not in (REASON, REMARK)
                ],
                "skipped": [[row.number, row.reason] for row in table.skipped[:SKIPPED_SHOWN]],
                "skipped_rows": len(table.skipped),
            }
            for table in tables
        ],
        "left_out": [[sheet.name, sheet.reason] for sheet in left_out],
    }

"""A file becomes judged lines: read by `lms.sheets`, each cell by its column, each row with the whole file in view. Writes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from lms import sheets, specimens
from lms.models import Outcome
from lms.refusal import Refused
from lms.resources import REASON, REMARK, Line, SheetResource

SKIPPED_SHOWN = 100


@dataclass
class Reading:
    """A file read and judged: its lines, what was left out, and how its columns were taken."""

    lines: list[Line]
    skipped_rows: int
    report: dict[str, Any]

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(line.outcome for line in self.lines))


def read(resource: SheetResource, data: bytes, *, name: str, actor: Any, now: datetime) -> Reading:
    """Read and judge a whole file. Writes nothing. Refuses a file that is no table of this kind, in one sentence."""
    book = sheets.read(data, name=name)
    found, left_out = sheets.tables(book, resource.aliases(), need=resource.need)
    if not found:
        raise Refused(
            _("在这个文件里没有找到%(title)s的表头。请确认选对了文件，表头里要有：%(need)s。")
            % {
                "title": resource.title,
                "need": "、".join(resource.columns()[field].column_name for field in resource.need),
            }
        )
    specimens.set_aside(found, resource)
    lines = list(lines_of(found))
    resource.prepare(actor=actor, now=now)
    if not lines:
        raise Refused(_("这份表里没有要导入的行。请从表头下面开始，一行填一个，再重新上传。"))
    for line in lines:
        resource.clean_line(line)
    resource.judge(lines, tables=found)
    for line in lines:
        settle(line)
    return Reading(lines, sum(len(table.skipped) for table in found), report(found, left_out))


def settle(line: Line) -> None:
    """A row with a fault is wrong whatever it would do; of a row out of reach nothing more is said than that."""
    if line.outcome == Outcome.OUT_OF_REACH:
        line.notes = [note for note in line.notes if note.code == "out_of_reach"]
        line.plan = None
    elif line.wrong:
        line.outcome, line.plan = Outcome.WRONG, None


def lines_of(tables: list[sheets.Table]) -> Iterator[Line]:
    for table in tables:
        letters = {field: sheets.letter(index) for field, index in table.fields.items()}
        for row in table.rows:
            yield Line(table.sheet.name, row.number, row.cells, letters)


def report(tables: list[sheets.Table], left_out: list[sheets.LeftOut]) -> dict[str, Any]:
    """What the preview tells of the reading: sheets, header rows, columns, rows left out, totals that do not agree, hidden rows."""
    return {
        "sheets": [
            {
                "name": table.sheet.name,
                "header_rows": list(table.header_rows),
                "rows": len(table.rows),
                "declared": table.declared,
                "hidden": len(table.hidden_rows),
                "columns": [
                    [column.letter, column.title, column.field]
                    for column in table.columns
                    if column.field or column.title not in (REASON, REMARK)
                ],
                "skipped": [[row.number, row.reason, row.text[:40]] for row in table.skipped[:SKIPPED_SHOWN]],
                "skipped_rows": len(table.skipped),
            }
            for table in tables
        ],
        "left_out": [[sheet.name, sheet.reason] for sheet in left_out],
    }

"""One import on paper: who, when, which file, what came of each row, which rows stayed out and why, what was decided by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from lms import annotated, preview, unread
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.resources import SheetResource

TOLD = annotated.KEPT
LISTED = 1_000  # more rows than this nobody reads on paper; the file with the reasons has them all
ORDER = [
    Outcome.NEW,
    Outcome.UPDATED,
    Outcome.MOVED,
    Outcome.SECOND_GRID,
    Outcome.UNCHANGED,
    Outcome.ABSENT,
    Outcome.DUPLICATE,
    Outcome.CONFLICT,
    Outcome.SKIPPED,
    Outcome.OUT_OF_REACH,
    Outcome.WRONG,
]


@dataclass(frozen=True)
class Listed:
    """One row in the report."""

    place: str
    label: str
    facts: list[tuple[str, str]]
    told: str


@dataclass(frozen=True)
class Part:
    """Some rows, the first of them listed, and how many more there are."""

    rows: list[Listed]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


def told(run: ImportRun, resource: type[SheetResource], *, now: datetime) -> dict[str, Any]:
    """Everything the sheet of paper says."""
    out = run.rows.filter(outcome__in=annotated.OUT)
    decided = run.rows.exclude(choice="")
    several = len(run.reading.get("sheets", [])) > 1
    return {
        "run": run,
        "resource": resource,
        "now": now,
        "title": _("%s导入报告") % resource.title
        if run.confirmed_at
        else _("%s核对报告（还没有导入）") % resource.title,
        "place": resource.place_named(run.place),
        "state": preview.state_of(run),
        "sha256": run.sha256[:16],
        "counts": counts(run),
        "total": sum(count for outcome, count in run.counts.items() if outcome != Outcome.ABSENT),
        "file_line": preview.file_line(run),
        "totals": [sentence for sentence, _agrees in preview.totals(run)] + unread.strange(run),
        "hidden": preview.hidden(run),
        "skipped": summed(run),
        "left_out": preview.left_out_sheets(run),
        "fact_titles": resource.fact_titles,
        "out": part(out, resource.fact_titles, reason, several=several),
        "decided": part(decided, resource.fact_titles, decision, several=several),
        "undone": run.state == ImportState.UNDONE,
    }


def counts(run: ImportRun) -> list[tuple[str, int]]:
    """What became of the rows, in words, those that went in first."""
    return [(words(outcome), run.counts[outcome]) for outcome in ORDER if run.counts.get(outcome)]


def words(outcome: str) -> str:
    return str(preview.WILL.get(Outcome(outcome), Outcome(outcome).label))


def summed(run: ImportRun) -> list[tuple[str, int]]:
    """Rows that are no data, by why; of very long lists only the first are known one by one."""
    found: dict[str, int] = {}
    for _sheet, _number, why, _text in preview.skipped(run):
        found[why] = found.get(why, 0) + 1
    rest = run.reading.get("skipped", 0) - sum(found.values())
    return [*found.items(), *([(_("其他"), rest)] if rest > 0 else [])]


def part(rows: QuerySet[ImportRow], titles: Sequence[Any], tell: Callable[[ImportRow], str], *, several: bool) -> Part:
    listed = [
        Listed(
            place(row, several=several),
            row.label,
            facts(row, titles),
            tell(row),
        )
        for row in rows.order_by("position")[:LISTED]
    ]
    return Part(listed, rows.count() if len(listed) == LISTED else len(listed))


def facts(row: ImportRow, titles: Sequence[Any]) -> list[tuple[str, str]]:
    """What is shown of the row, each under its title."""
    held = ["" if fact is None else str(fact) for fact in (row.cells or {}).get("facts", [])]
    return list(zip_longest(map(str, titles), held[: len(titles)], fillvalue=""))


def place(row: ImportRow, *, several: bool) -> str:
    """Where the row stands in the file; of a file with one sheet its number says all. Who is missing stands in the roster alone."""
    if not row.number:
        return _("名册")
    number = _("第 %s 行") % row.number
    return f"{row.sheet} · {number}" if row.sheet and several else number


def reason(row: ImportRow) -> str:
    return annotated.said_of(row).reason


def decision(row: ImportRow) -> str:
    """What was chosen, in the words it was offered in, and what the row does by it."""
    if row.outcome == Outcome.ABSENT:
        return _("仍在岗，名单漏了。")
    chosen = (row.options or {}).get(row.choice) or {}
    return _("%(label)s。结果：%(does)s。") % {"label": chosen.get("label", ""), "does": words(row.outcome)}

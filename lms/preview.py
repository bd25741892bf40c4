"""What the screens of an import say: how the file was read, how many rows do what, and each row in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import imports
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.resources import ERROR, SheetResource

REMARKED = "remarked"
TONES = {Outcome.WRONG: "bo-bad", Outcome.OUT_OF_REACH: "bo-bad", Outcome.MOVED: "bo-warn", Outcome.SKIPPED: "bo-warn"}
WILL = {
    Outcome.NEW: lazy("新增"),
    Outcome.UPDATED: lazy("更新"),
    Outcome.MOVED: lazy("调动"),
    Outcome.SECOND_GRID: lazy("兼任第二个网格"),
    Outcome.UNCHANGED: lazy("与系统里的一样，不用改"),
    Outcome.WRONG: lazy("有误，不会导入"),
    Outcome.OUT_OF_REACH: lazy("不在管辖范围，不会导入"),
    Outcome.SKIPPED: lazy("预览后情况变了，没有导入"),
}
REASONS = {
    "blank": lazy("空行"),
    "header": lazy("重复的表头"),
    "hint": lazy("填写说明或示例行"),
    "total": lazy("合计行"),
    "signature": lazy("制表人、审核人等签名行"),
    "note": lazy("注释行"),
    "no table": lazy("没有找到表头"),
    "hidden": lazy("隐藏的工作表或行"),
    "specimen": lazy("填写说明或示例"),
    "off": lazy("没有选它"),
    "side by side": lazy("两张表并排放在一起，要分成两张工作表"),
}


@dataclass(frozen=True)
class Count:
    code: str
    label: str
    count: int
    tone: str = ""


def cards(run: ImportRun) -> list[Count]:
    """Each outcome that the run has, what needs a person first at its end; the wrong ones are told even when there are none."""
    order = [Outcome.NEW, Outcome.UPDATED, Outcome.MOVED, Outcome.SECOND_GRID, Outcome.UNCHANGED, Outcome.SKIPPED]
    shown = [outcome for outcome in [*order, Outcome.OUT_OF_REACH, Outcome.WRONG] if run.counts.get(outcome)]
    return [Count(outcome, str(WILL[outcome]), run.counts[outcome], TONES.get(outcome, "")) for outcome in shown]


def chips(run: ImportRun) -> list[Count]:
    """The filters over the rows, in the order of the rows."""
    found = [
        Count(outcome, str(outcome.label), run.counts[outcome], TONES.get(outcome, ""))
        for outcome in imports.RANKS
        if run.counts.get(outcome)
    ]
    remarked = run.reading.get("remarked", 0)
    return [*found, Count(REMARKED, _("有提醒"), remarked, "bo-warn")] if remarked else found


def rows(run: ImportRun, *, only: str, name: str) -> QuerySet[ImportRow]:
    """The staged rows, wrong ones first, of one outcome or with a remark, of people whose name holds `name`."""
    found = run.rows.order_by("rank", "position")
    if only == REMARKED:
        found = found.exclude(outcome__in=imports.LEFT_OUT).exclude(notes=[])
    elif only in Outcome.values:
        found = found.filter(outcome=only)
    return found.filter(label__contains=name) if name else found


@dataclass
class Told:
    """One row for the screen: `faults` and `remarks` as (column letter, main clause, the rest)."""

    place: str
    label: str
    facts: list[tuple[str, str]]
    outcome: str
    tone: str
    changes: list[list[str]] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str, str]] = field(default_factory=list)


def told(row: ImportRow, resource: type[SheetResource]) -> Told:
    shown = row.cells or {}
    facts = ["" if fact is None else str(fact) for fact in shown.get("facts", [])]
    outcome = Outcome(row.outcome)
    notes = [(note["level"], (note["column"], *clauses(note["message"]))) for note in row.notes]
    return Told(
        place=_("%(sheet)s · 第 %(row)s 行") % {"sheet": row.sheet, "row": row.number}
        if row.sheet
        else _("第 %s 行") % row.number,
        label=row.label,
        facts=list(zip_longest(map(str, resource.fact_titles), facts[: len(resource.fact_titles)], fillvalue="")),
        outcome=str(WILL[outcome]),
        tone=TONES.get(outcome, ""),
        changes=shown.get("changes", []) if outcome in imports.APPLIED else [],
        faults=[note for level, note in notes if level == ERROR],
        remarks=[note for level, note in notes if level != ERROR],
    )


def clauses(message: str) -> tuple[str, str]:
    """The first sentence, which is marked, and what to do about it."""
    first, stop, rest = message.partition("。")
    return first, rest if stop else ""


# --- how the file was read ------------------------------------------------------------------------------------------


def file_line(run: ImportRun) -> list[str]:
    """The short facts under the file's name."""
    sheets = run.reading.get("sheets", [])
    if not sheets:
        return []
    read = sum(sheet["rows"] for sheet in sheets)
    facts = [_("%(sheets)d 张表") % {"sheets": len(sheets)}, _("%s 行") % f"{read:,}"]
    headers = {tuple(sheet["header_rows"]) for sheet in sheets}
    if len(headers) == 1:
        (header,) = headers
        facts.append(_("表头在第 %s 行") % "–".join(str(number) for number in sorted({header[0], header[-1]})))
    if left := run.reading.get("skipped"):
        facts.append(_("空行、合计、签名等 %s 行已略过") % f"{left:,}")
    if agreeing(run):
        facts.append(_("合计数与读到的行数一致"))
    return facts


def agreeing(run: ImportRun) -> bool:
    """Whether a total row names a number and every one agrees."""
    declared = totals(run)
    return bool(declared) and all(agrees for _sentence, agrees in declared)


def skipped(run: ImportRun) -> Iterator[tuple[str, int, str, str]]:
    """(sheet, row, why, its text) of each row that is no data."""
    for sheet in run.reading.get("sheets", []):
        for number, reason, text in sheet["skipped"]:
            yield sheet["name"], number, str(REASONS.get(reason, reason)), text


def left_out_sheets(run: ImportRun) -> list[tuple[str, str]]:
    return [(name, str(REASONS.get(reason, reason))) for name, reason in run.reading.get("left_out", [])]


def totals(run: ImportRun) -> list[tuple[str, bool]]:
    """A sentence for each sheet whose total row names a number, and whether it agrees with the rows read."""
    found = []
    for sheet in run.reading.get("sheets", []):
        declared, read = sheet["declared"], sheet["rows"]
        if declared is None:
            continue
        place = _("“%s”") % sheet["name"] if sheet["name"] else _("表里")
        if declared == read:
            found.append(
                (_("%(sheet)s合计行写的 %(count)s 与读到的行数一致。") % {"sheet": place, "count": f"{read:,}"}, True)
            )
        else:
            text = _("%(sheet)s合计行写的是 %(declared)s，读到的是 %(read)s 行。请核对有没有漏填或多填。")
            figures = {"sheet": place, "declared": f"{declared:,}", "read": f"{read:,}"}
            found.append((text % figures, False))
    return found


def hidden(run: ImportRun) -> int:
    return sum(sheet["hidden"] for sheet in run.reading.get("sheets", []))


@dataclass
class Columns:
    """How the columns of one or several sheets were taken: (letter, title, field's name or "")."""

    sheets: list[str]
    columns: list[tuple[str, str, str]]

    @property
    def unknown(self) -> list[tuple[str, str, str]]:
        return [column for column in self.columns if not column[2]]


def columns(run: ImportRun, resource: SheetResource) -> list[Columns]:
    """Sheets whose columns stand alike are told once."""
    names = {name: str(column.column_name) for name, column in resource.columns().items()} | {"seq": _("序号")}
    found: dict[str, Columns] = {}
    for sheet in run.reading.get("sheets", []):
        taken = [(letter, title, names.get(field, "")) for letter, title, field in sheet["columns"]]
        found.setdefault(repr(taken), Columns([], taken)).sheets.append(sheet["name"])
    return list(found.values())


def left_behind(run: ImportRun) -> int:
    return sum(run.counts.get(outcome, 0) for outcome in imports.LEFT_OUT)


def state_of(run: ImportRun) -> str:
    """The state in words for the list, with what was given up on the way told as such."""
    return _("中途停下了") if run.stopped else str(ImportState(run.state).label)

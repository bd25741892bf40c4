"""What the screens of an import say: how the file was read, how many rows do what, and each row in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from django.db.models import Count as CountRows
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import deciding, unread
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.outcomes import APPLIED, LEFT_OUT, RANKS, ranks_of
from lms.resources import ERROR, SheetResource

REMARKED, OPEN, ASKED = "remarked", "open", "ask:"
TONES = {
    Outcome.WRONG: "bo-bad",
    Outcome.OUT_OF_REACH: "bo-bad",
    Outcome.CONFLICT: "bo-warn",
    Outcome.DUPLICATE: "bo-warn",
    Outcome.ABSENT: "bo-warn",
    Outcome.MOVED: "bo-warn",
    Outcome.SKIPPED: "bo-warn",
}
WILL = {
    Outcome.NEW: lazy("新增"),
    Outcome.UPDATED: lazy("更新"),
    Outcome.MOVED: lazy("调动"),
    Outcome.SECOND_GRID: lazy("兼任第二个网格"),
    Outcome.UNCHANGED: lazy("与系统里的一样，不用改"),
    Outcome.WRONG: lazy("有误，不会导入"),
    Outcome.OUT_OF_REACH: lazy("不在管辖范围，不会导入"),
    Outcome.CONFLICT: lazy("要决定，没决定以前不会导入"),
    Outcome.DUPLICATE: lazy("疑似重复，没决定以前不会导入"),
    Outcome.ABSENT: lazy("名单里没有，系统不会动"),
    Outcome.SKIPPED: lazy("预览后情况变了，没有导入"),
}
REASONS = {
    "blank": lazy("空行"),
    "header": lazy("重复的表头"),
    "hint": lazy("填写提示或示例"),
    "total": lazy("合计行"),
    "signature": lazy("制表人、审核人等签名行"),
    "note": lazy("注释行"),
    "hidden": lazy("隐藏的行"),
    "specimen": lazy("模板里的示例"),
    "other": lazy("另一张表，表头里没有要用的列"),
}
SHEET_REASONS = {
    "no table": lazy("没有找到表头"),
    "hidden": lazy("隐藏的工作表"),
    "specimen": lazy("填写说明或示例"),
    "off": lazy("你选了不读"),
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
    order += [Outcome.ABSENT, Outcome.DUPLICATE, Outcome.CONFLICT, Outcome.OUT_OF_REACH, Outcome.WRONG]
    shown = [outcome for outcome in order if run.counts.get(outcome)]
    return [Count(outcome, str(WILL[outcome]), run.counts[outcome], TONES.get(outcome, "")) for outcome in shown]


def chips(run: ImportRun, resource: type[SheetResource]) -> list[Count]:
    """The filters over the rows: each outcome in the order of the rows, then what is asked, then remarks."""
    found = [
        Count(outcome, str(outcome.label), run.counts[outcome], TONES.get(outcome, ""))
        for outcome in RANKS
        if run.counts.get(outcome)
    ]
    questions = (
        run.rows.exclude(question="").values_list("question").annotate(rows=CountRows("pk")).order_by("question")
    )
    for code, rows in questions:
        title, _answers = resource.questions.get(code, (code, []))
        # one name, one filter: the one by the question offers the answer for all
        found = [chip for chip in found if chip.label != str(title)]
        found.append(Count(f"{ASKED}{code}", str(title), rows, "bo-warn"))
    remarked = run.reading.get("remarked", 0)
    return [*found, Count(REMARKED, _("有提醒"), remarked, "bo-warn")] if remarked else found


def rows(run: ImportRun, *, only: str, name: str) -> QuerySet[ImportRow]:
    """The staged rows, wrong ones first, of one outcome or with a remark, of people whose name holds `name`."""
    found = run.rows.order_by("rank", "position")
    if only == REMARKED:
        found = found.exclude(rank__in=ranks_of(LEFT_OUT)).exclude(notes=[])
    elif only == OPEN:
        found = deciding.open_rows(run).order_by("rank", "position")
    elif only.startswith(ASKED):
        found = found.filter(question=only.removeprefix(ASKED)).exclude(question="")
    elif only in Outcome.values:
        found = found.filter(rank=RANKS[Outcome(only)])
    else:
        found = found.exclude(rank=RANKS[Outcome.ABSENT])
    return found.filter(label__contains=name) if name else found


def total(run: ImportRun) -> int:
    """How many rows of the file were read; who is not named is no row of it."""
    return sum(count for outcome, count in run.counts.items() if outcome != Outcome.ABSENT)


def open_count(run: ImportRun) -> int:
    return deciding.open_rows(run).count() if run.state == ImportState.READY else 0


@dataclass(frozen=True)
class Alike:
    """What is asked of all rows that a filter shows, where one answer may do for all of them."""

    question: str
    answers: list[tuple[str, str]]


def alike(run: ImportRun, resource: type[SheetResource], only: str) -> Alike | None:
    if run.state != ImportState.READY or not only.startswith(ASKED):
        return None
    code = only.removeprefix(ASKED)
    _title, answers = resource.questions.get(code, ("", []))
    return Alike(code, [(option, str(label)) for option, label in answers]) if answers else None


@dataclass
class Told:
    """One row for the screen: `faults` and `remarks` as (column letter, main clause, the rest)."""

    pk: int
    place: str
    label: str
    facts: list[tuple[str, str]]
    outcome: str
    tone: str
    changes: list[list[str]] = field(default_factory=list)
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str, str]] = field(default_factory=list)
    # what is asked, the options as (code, label, whether taken), and whether it can be answered on this screen
    asked: str = ""
    options: list[tuple[str, str, bool]] = field(default_factory=list)
    taken: str = ""
    # the way to whom the row is about, and whether somebody missing has been accounted for
    link: list[Any] = field(default_factory=list)
    absent: bool = False
    stays: bool = False
    undone: bool = False


def told(row: ImportRow, resource: type[SheetResource]) -> Told:
    shown = row.cells or {}
    facts = ["" if fact is None else str(fact) for fact in shown.get("facts", [])]
    outcome = Outcome(row.outcome)
    # once it is decided what a cut number means, the number is no fault any more
    decided = bool(row.choice) and outcome != Outcome.WRONG
    notes = [
        ("" if decided else note["level"], (note["column"], *clauses(note["message"])))
        for note in row.notes
        if note["code"] != row.question
    ]
    options = [
        (code, option["label"], code == row.choice) for code, option in (row.options or {}).items() if option["label"]
    ]
    return Told(
        pk=row.pk,
        place=_("%(sheet)s · 第 %(row)s 行") % {"sheet": row.sheet, "row": row.number}
        if row.sheet
        else (_("第 %s 行") % row.number if row.number else _("名册")),
        label=row.label,
        facts=list(zip_longest(map(str, resource.fact_titles), facts[: len(resource.fact_titles)], fillvalue="")),
        outcome=str(WILL[outcome]),
        tone=TONES.get(outcome, ""),
        changes=shown.get("changes", []) if outcome in APPLIED else [],
        faults=[note for level, note in notes if level == ERROR],
        remarks=[note for level, note in notes if level != ERROR],
        asked=shown.get("asked", ""),
        options=options,
        taken=next((label for _code, label, taken in options if taken), ""),
        link=shown.get("link", []),
        absent=outcome == Outcome.ABSENT,
        stays=row.choice == "stays",
        undone=row.undone_at is not None,
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
    texts = [sheet["skipped"] for sheet in (run.samples or {}).get("sheets", [])]
    for sheet, told in zip(run.reading.get("sheets", []), texts, strict=False):
        for (number, reason), text in zip(sheet["skipped"], told, strict=True):
            yield sheet["name"], number, str(REASONS.get(reason, reason)), text


def left_out_sheets(run: ImportRun) -> list[tuple[str, str]]:
    return [(name, str(SHEET_REASONS.get(reason, reason))) for name, reason in run.reading.get("left_out", [])]


def totals(run: ImportRun) -> list[tuple[str, bool]]:
    """A sentence for each total row that names a number, of a block or of the whole, and whether it agrees with the rows read."""
    found = []
    for sheet in run.reading.get("sheets", []):
        for row, declared, read in sheet.get("checks", []):
            place = _("“%(sheet)s”第 %(row)s 行") if sheet["name"] else _("第 %(row)s 行")
            words = {"place": place % {"sheet": sheet["name"], "row": row}}
            words |= {"declared": f"{declared:,}", "read": f"{read:,}"}
            if declared == read:
                found.append((_("%(place)s的合计写的 %(read)s 与读到的行数一致。") % words, True))
            else:
                text = _("%(place)s的合计写的是 %(declared)s，读到的是 %(read)s 行。请核对有没有漏填或多填。")
                found.append((text % words, False))
    return found


def hidden(run: ImportRun) -> int:
    return sum(sheet["hidden"] for sheet in run.reading.get("sheets", []))


def same_above(run: ImportRun, resource: SheetResource) -> list[tuple[str, int, str]]:
    """Columns whose blanks may mean the row above, until a person says so: (title, how many are blank, the first value above one)."""
    if run.state != ImportState.READY:
        return []
    titles, found = resource.columns(), dict[str, tuple[int, str]]()
    for sheet in (run.samples or {}).get("sheets", []):
        for name, count, _first, value in sheet["gaps"]:
            before, first_value = found.get(name, (0, value))
            found[name] = (before + count, first_value)
    return [(str(titles[name].column_name), count, value) for name, (count, value) in found.items() if name in titles]


@dataclass
class Columns:
    """How the columns of one or several sheets were taken: (letter, title, field's name or "", why it was not read)."""

    sheets: list[str]
    columns: list[tuple[str, str, str, str]]

    @property
    def unknown(self) -> list[tuple[str, str, str, str]]:
        return [column for column in self.columns if not column[2]]


def columns(run: ImportRun, resource: SheetResource) -> list[Columns]:
    """Sheets whose columns stand alike are told once; of two tables in one sheet the lower is named by its row."""
    names = {name: str(column.column_name) for name, column in resource.columns().items()} | {"seq": _("序号")}
    found: dict[str, Columns] = {}
    seen: set[str] = set()
    for sheet in run.reading.get("sheets", []):
        taken = [
            (letter, title, names.get(field, ""), "" if field in names else unread.why(title, resource))
            for letter, title, field in sheet["columns"]
        ]
        name = sheet["name"]
        if name in seen:
            name = _("%(sheet)s第 %(row)s 行起") % {"sheet": name, "row": sheet["header_rows"][0]}
        seen.add(name)
        found.setdefault(repr(taken), Columns([], taken)).sheets.append(name)
    return list(found.values())


def state_of(run: ImportRun) -> str:
    """The state in words for the list, with what was given up on the way told as such."""
    return _("中途停下了") if run.stopped else str(ImportState(run.state).label)

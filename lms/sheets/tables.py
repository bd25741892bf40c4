"""Finding the table in a sheet: its header under titles, its columns by their names, its rows without totals and signatures."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .book import Book, Cell, Sheet, blank, letter, text

Aliases = Mapping[str, Sequence[str]]

HEADER_DEPTH = 15  # a header is looked for in so many rows that hold anything
SEQUENCE = "seq"  # the field of 序号, where the alias table names one: alone it makes no row

BRACKETS = re.compile(r"[(\[{【〔〈《「].*?[)\]}】〕〉》」]")
MARKS = re.compile(r"[\W_]+")
TOTAL = re.compile(
    r"(?:本页|本表|本乡|本镇|本村|全乡|全镇|全县|全市|全区)?(?:合计|小计|总计|共计|累计|总人数)(?=\W|\d|共|人|$)"
)
SIGNATURE = re.compile(
    r"(?:制表|填表|填报|审核|审批|复核|经办|报送|统计|校对|主管|主要负责|分管|负责|联系)(?:人|单位|领导|日期|时间|电话|负责人|部门)?"
    r"(?:签字|签名|签章|盖章)?(?=[\s:(]|$)|(?:单位|部门|领导)?(?:签字|签名|签章|盖章|公章)|(?:单位|日期|年\s*月\s*日)(?=[\s:(]|$)"
)
NOTE = re.compile(r"(?:注|备注|说明|附注|填表说明|填报说明)\s*\d*\s*[:：]|以下(?:空白|无|为空)|此(?:页|表)")
SPECIMEN = re.compile(r"样表|示例|示范|填[表报写]说明|注意事项|字典|代码表|下拉|选项")
LONG_NUMBER = re.compile(r"\d{11}")


@dataclass(frozen=True, slots=True)
class Row:
    """A data row: the sheet's own number and the cells by field; fields without a column are absent."""

    number: int
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no data, and why: "blank", "header", "total", "signature" or "note"."""

    number: int
    reason: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column that has a header: where it stands (from 0), what is written over it, and the field it was taken for ("" for none)."""

    index: int
    title: str
    field: str = ""

    @property
    def letter(self) -> str:
        return letter(self.index)


@dataclass(slots=True)
class Table:
    """The table of one sheet. `declared` is the number its total row names, for comparing with the rows read."""

    sheet: Sheet
    header_rows: tuple[int, ...]  # the sheet's own numbers
    columns: list[Column]
    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    declared: int | None = None

    @property
    def fields(self) -> dict[str, int]:
        return {column.field: column.index for column in self.columns if column.field}

    @property
    def unknown(self) -> list[Column]:
        return [column for column in self.columns if not column.field]

    @property
    def hidden_rows(self) -> list[int]:
        """The data rows that are hidden in the sheet; they are read like the others."""
        return [row.number for row in self.rows if row.number in self.sheet.hidden_rows]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sheet without a table, and why: "no table", "hidden" or "specimen"."""

    name: str
    reason: str


def tables(book: Book, aliases: Aliases, *, need: Sequence[str] = ()) -> tuple[list[Table], list[LeftOut]]:
    """The table of each sheet, in the book's order, and the sheets left out: instructions, specimens, hidden lists."""
    found: list[Table] = []
    left_out: list[LeftOut] = []
    alone = len(book.sheets) == 1
    for sheet in book.sheets:
        if not alone and (sheet.hidden or SPECIMEN.search(sheet.name)):
            left_out.append(LeftOut(sheet.name, "hidden" if sheet.hidden else "specimen"))
        elif (table := find_table(sheet, aliases, need=need)) is None:
            left_out.append(LeftOut(sheet.name, "no table"))
        else:
            found.append(table)
    return found, left_out


def find_table(
    sheet: Sheet,
    aliases: Aliases,
    *,
    need: Sequence[str] = (),
    mapping: Mapping[int, str] | None = None,
) -> Table | None:
    """
    Find the header among the first rows and sort what stands under it; None where no row names two fields and all of `need`.

    `mapping` gives the field of some columns by hand (column from 0 → field, "" for none) and wins over their titles.
    """
    names = _names(aliases)
    header = _header(sheet, names, need)
    if header is None:
        return None
    first, depth = header
    columns = _columns(sheet, first, depth, names, mapping or {})
    table = Table(sheet, tuple(range(first + 1, first + depth + 1)), columns)
    _sort_rows(table, first, depth, names)
    return table


def title_key(title: str) -> str:
    """What is compared of a column's title: NFKC, without spaces, punctuation and brackets' signs, without hints like （必填）."""
    title = unicodedata.normalize("NFKC", title)
    title = re.sub(r"[(\[【][^)\]】]*(?:必填|选填|可不填|文本|格式|下拉|\d+位|单位)[^)\]】]*[)\]】]", "", title)
    return MARKS.sub("", title).casefold()


def _names(aliases: Aliases) -> dict[str, tuple[str, int]]:
    """Field and rank by key of title; the earlier a name stands in its list, the surer it is."""
    names: dict[str, tuple[str, int]] = {}
    for field_name, titles in aliases.items():
        for rank, title in enumerate(titles):
            names.setdefault(title_key(title), (field_name, rank))
    return names


def _match(title: tuple[str, ...], names: Mapping[str, tuple[str, int]]) -> tuple[str, int] | None:
    """The field of a title given as a path from group to leaf: the leaf decides, then the path, then the leaf without its brackets."""
    leaf = title[-1]
    keys = [
        title_key(leaf),
        title_key("".join(title)),
        title_key(BRACKETS.sub("", unicodedata.normalize("NFKC", leaf))),
    ]
    return next((names[key] for key in keys if key and key in names), None)


def _titles(sheet: Sheet, first: int, depth: int) -> dict[int, tuple[str, ...]]:
    """The path of titles over each column of a header of one or two rows, joined through merges only."""
    titles: dict[int, tuple[str, ...]] = {}
    width = max(len(sheet.rows[row]) for row in range(first, first + depth))
    for column in range(width):
        path = [text(sheet.cell(row, column)) for row in range(first, first + depth)]
        path = [part for at, part in enumerate(path) if part and part not in path[:at]]
        if path:
            titles[column] = tuple(path)
    return titles


def _header(sheet: Sheet, names: Mapping[str, tuple[str, int]], need: Sequence[str]) -> tuple[int, int] | None:
    """The first row (from 0) and the number of rows of the best header; the higher and the shorter one wins a tie."""
    best, best_score = None, 1
    looked = 0
    for first, row in enumerate(sheet.rows):
        if all(map(blank, row)):
            continue
        looked += 1
        if looked > HEADER_DEPTH:
            break
        for depth in (1, 2):
            if first + depth > len(sheet.rows):
                continue
            fields = {match[0] for title in _titles(sheet, first, depth).values() if (match := _match(title, names))}
            if len(fields) > best_score and fields.issuperset(need):
                best, best_score = (first, depth), len(fields)
    return best


def _columns(
    sheet: Sheet, first: int, depth: int, names: Mapping[str, tuple[str, int]], mapping: Mapping[int, str]
) -> list[Column]:
    """One column for each title; of two titles for one field the surer name wins, then the one further left."""
    titles = _titles(sheet, first, depth)
    claims: dict[str, tuple[int, int]] = {}
    for index, title in titles.items():
        if index not in mapping and (match := _match(title, names)) and match[0] not in mapping.values():
            claims[match[0]] = min(claims.get(match[0], (match[1], index)), (match[1], index))
    owners = {index: field_name for field_name, (_rank, index) in claims.items()} | dict(mapping)
    return [Column(index, "/".join(title), owners.get(index, "")) for index, title in titles.items()]


def _sort_rows(table: Table, first: int, depth: int, names: Mapping[str, tuple[str, int]]) -> None:
    """Divide what stands under the header into data and what is skipped; blank lines at the end count for nothing."""
    sheet, fields = table.sheet, table.fields
    content = {name: index for name, index in fields.items() if name != SEQUENCE}
    heads = [_keys(sheet.rows[row]) for row in range(first, first + depth)]
    above = [_keys(sheet.rows[row]) for row in range(first)]
    blanks: list[Skipped] = []
    for at in range(first + depth, len(sheet.rows)):
        raw = sheet.rows[at]
        reason = _reason(raw, content, heads, above)
        if reason == "blank":
            blanks.append(Skipped(at + 1, "blank"))
            continue
        table.skipped.extend(blanks)
        blanks.clear()
        if reason:
            line = " ".join(filter(None, map(text, raw)))
            table.skipped.append(Skipped(at + 1, reason, line[:100]))
            if reason == "total" and not line.startswith(("小计", "本页")):
                table.declared = _declared(raw)
        else:
            table.rows.append(Row(at + 1, {name: sheet.cell(at, index) for name, index in fields.items()}))


def _keys(row: list[Cell]) -> dict[int, str]:
    return {index: title_key(text(cell)) for index, cell in enumerate(row) if not blank(cell)}


def _reason(
    raw: list[Cell], content: Mapping[str, int], heads: list[dict[int, str]], above: list[dict[int, str]]
) -> str:
    """Why a row is no data, "" where it is."""
    shown = [(index, unicodedata.normalize("NFKC", text(cell))) for index, cell in enumerate(raw) if not blank(cell)]
    if not shown:
        return "blank"
    filled = [value for index, value in shown if index in content.values()]
    if not filled:
        numbers = all(value.isdecimal() for _index, value in shown)
        if numbers:
            return "blank"  # a number run down the column, and nobody beside it
    if _repeats(raw, heads) or (len(shown) <= 2 and _keys(raw) in above):
        return "header"
    if any(LONG_NUMBER.search(value) for value in filled):
        return ""
    squeezed = ["".join(value.split()) for _index, value in shown]
    if any(TOTAL.match(value) for value in squeezed[:2]):
        return "total"
    if SIGNATURE.match(squeezed[0]) and sum(map(bool, map(SIGNATURE.match, squeezed))) * 2 >= len(shown):
        return "signature"
    if NOTE.match(squeezed[0]) or (not filled and len(shown) == 1):
        return "note"
    return ""


def _repeats(raw: list[Cell], heads: list[dict[int, str]]) -> bool:
    """Whether a row says again what the header says: at least two cells, and more than half of all it has."""
    keys = _keys(raw)
    return any(
        (same := sum(head.get(index) == key for index, key in keys.items())) >= 2 and same * 2 > len(keys)
        for head in heads
    )


def _declared(raw: list[Cell]) -> int | None:
    """The number of people a total row names: 合计 1531人."""
    for cell in raw[:6]:
        if isinstance(cell, float) and cell.is_integer():
            return int(cell)
        number = re.search(r"(\d+)\s*(?:人|名|户|个|$)", unicodedata.normalize("NFKC", text(cell)))
        if number:
            return int(number[1])
    return None

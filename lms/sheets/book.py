"""What a spreadsheet is once it has been read: sheets of typed cells that know their own row numbers and column letters."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, field


class Formatted(float):
    """A number whose format shows more than it keeps: 2024.1, shown as 2024.10."""

    __slots__ = ("shown",)
    shown: str

    def __new__(cls, value: float, shown: str) -> "Formatted":
        made = super().__new__(cls, value)
        made.shown = shown
        return made


Cell = str | float | int | bool | dt.date | dt.datetime | None
Fills = dict[int, dict[int, Cell]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be. Sizes in bytes; a file over any of them is refused before it is parsed."""

    file_bytes: int = 20 * 1024 * 1024
    zip_entries: int = 2_000
    unpacked_bytes: int = 200 * 1024 * 1024
    ratio: int = 200  # unpacked to packed, judged on parts over one MiB
    sheets: int = 200
    rows: int = 120_000
    columns: int = 100
    cells: int = 3_000_000  # filled cells of the whole book
    cell_chars: int = 2_000
    # of one reading in a process of its own; a large file earns more time by its bytes, which what is small and swells does not have
    cpu_seconds: int = 3
    wall_seconds: float = 30
    more_for_a_mebibyte: int = 2
    memory_bytes: int = 300 * 1024 * 1024  # over what the process has when it begins


DEFAULT = Limits()


@dataclass(slots=True)
class Sheet:
    """One sheet. `rows[0]` is the sheet's row 1; merged ranges hold a value in their top left cell only, the others are in `fills`."""

    name: str
    rows: list[list[Cell]]
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)  # top, left, bottom, right; from 0
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()  # the sheet's own numbers, from 1
    hidden_columns: frozenset[int] = frozenset()  # from 0
    fills: Fills = field(default_factory=dict)
    # why a cell shows nothing usable, by the sheet's own row number and the column from 0: "error_value" or "formula_without_value"
    faults: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return max(map(len, self.rows), default=0)

    def cell(self, row: int, column: int) -> Cell:
        """The value at a position from 0, filled from its merged range."""
        values = self.rows[row]
        value = values[column] if column < len(values) else None
        return value if not blank(value) else self.fills.get(row, {}).get(column, value)


@dataclass(slots=True)
class Book:
    """A file that has been read. `kind` is what its content is, whatever its name says; `encoding` is for text files only."""

    name: str
    kind: str  # "xlsx", "xls", "ods" or "csv"
    sheets: list[Sheet]
    encoding: str = ""
    delimiter: str = ""


INVISIBLE = " \t\r\n\v\f\u3000\xa0\u200b\u200c\u200d\u2060\ufeff"


def blank(cell: Cell) -> bool:
    """Whether a cell shows nothing: empty, or only spaces and invisible characters."""
    return cell is None or (isinstance(cell, str) and not cell.strip(INVISIBLE))


def bare_name(name: str) -> str:
    """A sheet's name without what is counted or numbered around it: 1.天城镇, （一）天城镇, 天城镇（85人） and 天城镇85人 → 天城镇."""
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))
    bare = re.sub(
        r"^(?:\(?[0-9一二三四五六七八九十]{1,3}\)|[0-9]{1,3}[.、_\-:]?|[一二三四五六七八九十]{1,3}[.、])(?=.{2})",
        "",
        bare,
    )
    bare = re.sub(r"[(\[【][^)\]】]*[)\]】]", "", bare)
    return re.sub(r"[-_:]?(?:共)?\d+(?:人|名)?$|(?:网格员)?(?:花名册|名册|名单|信息表|台账)$", "", bare) or name


def letter(column: int) -> str:
    """The letters of a column counted from 0: 0 → A, 26 → AA."""
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def text(cell: Cell) -> str:
    """The text a person would see: whole numbers without a point, dates as 2024-07-30, truth as 是 and 否, nothing as ""."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, Formatted):
        return cell.shown
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(" ", "minutes")
    return str(cell)

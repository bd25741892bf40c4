"""Workbooks of the .ods kind, read from their one stream: repeated rows and cells are opened only where they hold something."""

import contextlib
import datetime as dt
import re

from . import parts
from .book import Cell, Formatted, Limits, Sheet
from .sniff import damaged, locked

SPACES = {"text:s": " ", "text:tab": "\t", "text:line-break": "\n"}
ABOUT = frozenset({"style:style", "style:table-properties", "table:table-column"})
MONTH = re.compile(r"\d{2}(?:\d{2})?\.10")  # a number that shows more than it keeps


def read(data: bytes, limits: Limits) -> list[Sheet]:
    """Read every sheet; refuse what is over the limits, locked, damaged or carries entities."""
    with parts.open_zip(data, limits) as archive:
        names = archive.namelist()
        if "META-INF/manifest.xml" in names:
            parts.walk(archive, "META-INF/manifest.xml", _refuse_locked, limits)
        if "content.xml" not in names:
            raise damaged()
        reader = _Reader(limits)
        parser = parts.guarded()
        parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
        parser.CharacterDataHandler = reader.characters
        parts.feed(parser, archive, "content.xml", limits)
    return reader.sheets


def _refuse_locked(name: str, _attributes: dict[str, str]) -> None:
    if name.endswith("encryption-data"):
        raise locked()


class _Reader:
    """Builds sheets from the elements of content.xml, in their order."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sheets: list[Sheet] = []
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.next_column = 0
        self.budget = parts.Budget(limits)
        self.row_repeat = self.column_repeat = 0
        self.row: dict[int, Cell] = {}
        self.column = self.next_row = 0
        self.attributes: dict[str, str] = {}
        self.paragraphs: list[str] | None = None
        self.note = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.budget.element()
        if name == "table:table":
            hidden = attributes.get("table:style-name", "") in self.hidden_styles
            self.sheets.append(Sheet(attributes.get("table:name", ""), [], hidden=hidden))
            self.next_row, self.hidden_rows = 0, set()
            self.next_column, self.hidden_columns = 0, set()
        elif name == "table:table-row":
            self.row, self.column = {}, 0
            self.row_repeat = _count(attributes, "table:number-rows-repeated")
            if attributes.get("table:visibility") in ("collapse", "filter"):
                shown = min(self.row_repeat, self.limits.rows)
                self.hidden_rows.update(range(self.next_row + 1, self.next_row + shown + 1))
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self.attributes, self.paragraphs = attributes, []
            self.column_repeat = _count(attributes, "table:number-columns-repeated")
        elif name in ABOUT:
            self._about(name, attributes)
        elif name == "office:annotation":
            self.note += 1
        elif name == "text:p" and self.paragraphs is not None and not self.note:
            self.paragraphs.append("")
        elif name in SPACES and self.paragraphs:
            self.characters(SPACES[name] * min(_count(attributes, "text:c"), self.limits.cell_chars))

    def _about(self, name: str, attributes: dict[str, str]) -> None:
        """What is hidden: a column says so itself, a sheet by its style."""
        if name == "style:style":
            self.style = attributes.get("style:name", "")
        elif name == "style:table-properties" and attributes.get("table:display") == "false":
            self.hidden_styles.add(self.style)
        elif name == "table:table-column":
            last = self.next_column + _count(attributes, "table:number-columns-repeated")
            if attributes.get("table:visibility") in ("collapse", "filter"):
                self.hidden_columns.update(range(self.next_column, min(last, self.limits.columns)))
            self.next_column = last

    def characters(self, value: str) -> None:
        if self.paragraphs and not self.note:
            self.paragraphs[-1] += value

    def end(self, name: str) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self._cell()
        elif name == "table:table-row":
            self._row()
        elif name == "table:table":
            self.sheets[-1].hidden_rows = frozenset(self.hidden_rows)
            self.sheets[-1].hidden_columns = frozenset(self.hidden_columns)
        elif name == "office:annotation":
            self.note -= 1

    def _cell(self) -> None:
        value = _value(self.attributes, "\n".join(self.paragraphs or ()))
        self.paragraphs = None
        if "table:formula" in self.attributes and self.column < self.limits.columns:
            wrong = self.attributes.get("calcext:value-type") == "error" or str(value).startswith(("#", "Err:"))
            if wrong or value is None:
                code = "error_value" if wrong else "formula_without_value"
                self.sheets[-1].faults[self.next_row + 1, self.column] = code
                value = None
        if value is not None:
            self.budget.cell(0)
            if self.column + self.column_repeat > self.limits.columns:
                raise parts.reaches_too_far(self.next_row + 1, self.column + self.column_repeat, self.limits)
            self.row.update(dict.fromkeys(range(self.column, self.column + self.column_repeat), value))
            down, right = _span(self.attributes, "rows"), _span(self.attributes, "columns")
            if (down, right) != (1, 1):
                top, left = self.next_row, self.column
                self.sheets[-1].merges.append((top, left, top + down - 1, left + right - 1))
        self.column += self.column_repeat

    def _row(self) -> None:
        if self.row:
            last = self.next_row + self.row_repeat
            if last > self.limits.rows:
                raise parts.reaches_too_far(last, max(self.row) + 1, self.limits)
            self.budget.cell(len(self.row) * self.row_repeat)
            rows = self.sheets[-1].rows
            rows.extend([] for _number in range(self.next_row - len(rows)))
            values = [self.row.get(column) for column in range(max(self.row) + 1)]
            rows.extend(list(values) for _number in range(self.row_repeat))
        self.next_row += self.row_repeat


def _value(attributes: dict[str, str], shown: str) -> Cell:
    """The typed value of a cell: what is stored, else what is shown."""
    kind = attributes.get("office:value-type", "")
    with contextlib.suppress(KeyError, ValueError):
        if kind in ("float", "currency", "percentage"):
            value = float(attributes["office:value"])
            return Formatted(value, shown) if MONTH.fullmatch(shown) and value == float(shown) else value
        if kind == "boolean":
            return attributes["office:boolean-value"] == "true"
        if kind == "date":
            return _date(attributes["office:date-value"])
    return shown or None


def _date(value: str) -> dt.date | dt.datetime:
    return dt.datetime.fromisoformat(value) if "T" in value else dt.date.fromisoformat(value)


def _count(attributes: dict[str, str], key: str) -> int:
    value = attributes.get(key, "1")[:12]
    return int(value) or 1 if value.isdecimal() else 1


def _span(attributes: dict[str, str], what: str) -> int:
    return _count(attributes, f"table:number-{what}-spanned")

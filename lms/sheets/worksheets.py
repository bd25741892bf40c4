"""A bounded look into the worksheet parts of an .xlsx: how far each reaches, what is hidden, what is merged."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from . import parts
from .book import Limits, blank

DENSE_CELLS = 6_000_000  # calamine keeps a sheet as a full rectangle of 24 bytes a cell
RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
MERGES = MARKED = 100_000


@dataclass
class Scan:
    """What one worksheet part holds, learnt without keeping any of it."""

    part: str
    rows: int = 0  # the last row and column with a value that shows, counted from 1
    columns: int = 0
    far_rows: int = 0  # the same with cells that hold only spaces
    far_columns: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    errors: set[tuple[int, int]] = field(default_factory=set)  # row and column from 1
    formulas: set[tuple[int, int]] = field(default_factory=set)  # those whose value is not said to be a text
    far_shared: set[tuple[int, int, int]] = field(default_factory=set)  # shared string, row, column

    @property
    def strays(self) -> bool:
        """Whether cells that show nothing stand past the last one that shows something."""
        return self.far_columns > self.columns or self.far_rows > self.rows


def look(archive: ZipFile, limits: Limits, *, places: Collection[str]) -> dict[str, Scan]:
    """Walk every XML part and every part in `places`: none may declare entities, no worksheet may pass the limits."""
    scans: dict[str, Scan] = {}
    budget = parts.Budget(limits)
    names = [name for name in archive.namelist() if name.lower().endswith((".xml", ".rels", ".vml"))]
    for name in dict.fromkeys([*filter(None, places), *names]):
        scans[name] = _Walker(archive, name, limits, budget).scan
    for scan in scans.values():
        _judge_far_shared(archive, scan, limits)
        if scan.rows * scan.columns > DENSE_CELLS:
            raise parts.too_large()
    return scans


def trimmed(archive: ZipFile, scans: Collection[Scan], limits: Limits) -> bytes:
    """The same workbook without the cells that stand past the last one that shows something in each of `scans`."""
    stream = BytesIO()
    cut = {scan.part: scan for scan in scans}
    with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=1) as copy:
        for info in archive.infolist():
            if info.filename in cut:
                copy.writestr(info.filename, _Trimmer(archive, cut[info.filename], limits).content())
            elif not info.filename.startswith("xl/media/"):
                copy.writestr(info.filename, archive.read(info))
    return stream.getvalue()


class _Walker:
    """Walks one part. Text is listened to only inside cells that stand past the limits."""

    def __init__(self, archive: ZipFile, part: str, limits: Limits, budget: parts.Budget) -> None:
        self.scan, self.limits, self.budget = Scan(part), limits, budget
        self.row = self.column = 0
        self.counted = self.shared = False
        self.kind: str | None = None
        self.letters: dict[str, int] = {}
        self.shown: list[str] = []
        self.parser = parts.guarded()
        self.steps: dict[str, Callable[[dict[str, str]], None] | None] = {}
        self.parser.StartElementHandler = self._start
        self._prepare()
        parts.feed(self.parser, archive, part, limits)

    def _prepare(self) -> None:
        self.steps = {
            "c": self._cell,
            "v": self._value,
            "f": self._formula,
            "is": self._value,
            "row": self._row,
            "col": self._col,
            "mergeCell": self._merge,
        }

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        # Called once for every element of the book, so nothing here is done twice.
        self.budget.elements -= 1
        if self.budget.elements < 0:
            raise parts.too_large()
        try:
            step = self.steps[name]
        except KeyError:
            step = self.steps[name] = self.steps.get(name.rpartition(":")[2])
        if step:
            step(attributes)

    def _row(self, attributes: dict[str, str]) -> None:
        self.row, self.column = int(attributes.get("r") or self.row + 1), 0
        if attributes.get("hidden") in ("1", "true") and self.row <= self.limits.rows:
            self.scan.hidden_rows.add(self.row)

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r", "")
        letters = reference.rstrip("0123456789")
        if letters:
            self.column = self.letters.get(letters) or self.letters.setdefault(letters, parts.column_number(letters))
            self.row = int(reference[len(letters) :] or self.row)
        else:
            self.column += 1
        kind = attributes.get("t")
        self.kind, self.shared, self.counted = kind, kind == "s", False
        if kind == "e" and len(self.scan.errors) < MARKED:
            self.scan.errors.add((self.row, self.column))

    def _formula(self, _attributes: dict[str, str]) -> None:
        if self.kind in (None, "n") and len(self.scan.formulas) < MARKED:
            self.scan.formulas.add((self.row, self.column))

    def _value(self, _attributes: dict[str, str]) -> None:
        if self.counted or not self.row:
            return
        self.counted = True
        scan, row, column = self.scan, self.row, self.column
        self.budget.cell()
        if row > scan.far_rows:
            scan.far_rows = row
        if column > scan.far_columns:
            scan.far_columns = column
        if column > self.limits.columns or row > self.limits.rows:
            self.shown.clear()
            self.parser.CharacterDataHandler, self.parser.EndElementHandler = self.shown.append, self._far_end
        else:
            if row > scan.rows:
                scan.rows = row
            if column > scan.columns:
                scan.columns = column

    def _far_end(self, name: str) -> None:
        if name.rpartition(":")[2] != "c":
            return
        self.parser.CharacterDataHandler = self.parser.EndElementHandler = None
        value = "".join(self.shown)
        if self.shared and value.strip().isdecimal() and len(self.scan.far_shared) < 100_000:
            self.scan.far_shared.add((int(value), self.row, self.column))
        elif not blank(value):
            raise parts.reaches_too_far(self.row, self.column, self.limits)

    def _col(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            last = min(int(attributes.get("max", 0)), self.limits.columns)
            self.scan.hidden_columns.update(range(int(attributes.get("min", 1)) - 1, last))

    def _merge(self, attributes: dict[str, str]) -> None:
        found = RANGE.fullmatch(attributes.get("ref", "").replace("$", ""))
        if found and len(self.scan.merges) < MERGES:
            self.scan.merges.append(
                (
                    int(found[2]) - 1,
                    parts.column_number(found[1]) - 1,
                    int(found[4]) - 1,
                    parts.column_number(found[3]) - 1,
                )
            )


class _Trimmer(_Walker):
    """Walks a part again and leaves out the cells past the extent that its scan found."""

    def __init__(self, archive: ZipFile, extent: Scan, limits: Limits) -> None:
        self.extent = extent
        self.dropping: int | None = None
        self.kept: list[tuple[int, int]] = []
        self.since = 0
        self.xml = archive.read(extent.part)
        super().__init__(archive, extent.part, limits, parts.Budget(limits))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if step := self.steps.get(name.rpartition(":")[2]):
            step(attributes)

    def content(self) -> bytes:
        return b"".join(self.xml[start:end] for start, end in [*self.kept, (self.since, len(self.xml))])

    def _prepare(self) -> None:
        self.steps = {"c": self._cell, "row": self._row}
        self.parser.EndElementHandler = self._end

    def _cell(self, attributes: dict[str, str]) -> None:
        self._resume()
        super()._cell(attributes)
        if self.column > self.extent.columns or self.row > self.extent.rows:
            self.dropping = self.parser.CurrentByteIndex

    def _end(self, name: str) -> None:
        if name == "row" or name.endswith(":row"):
            self._resume()

    def _resume(self) -> None:
        if self.dropping is not None:
            self.kept.append((self.since, self.dropping))
            self.since, self.dropping = self.parser.CurrentByteIndex, None


def _judge_far_shared(archive: ZipFile, scan: Scan, limits: Limits) -> None:
    """Cells past the limits that point at a shared string are let pass only where that string shows nothing."""
    if not scan.far_shared:
        return
    wanted = {index for index, _row, _column in scan.far_shared}
    showing: set[int] = set()
    index = -1
    parser = parts.guarded()

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal index
        index += name.rpartition(":")[2] == "si"

    def characters(value: str) -> None:
        if index in wanted and not blank(value):
            showing.add(index)

    parser.StartElementHandler, parser.CharacterDataHandler = start, characters
    name = next((name for name in archive.namelist() if name.lower().endswith("sharedstrings.xml")), None)
    if name:
        parts.feed(parser, archive, name, limits)
    for shared, row, column in sorted(scan.far_shared):
        if shared in showing or shared > index:
            raise parts.reaches_too_far(row, column, limits)

"""Finding the header of a table under titles and units, and the field of each of its columns."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .book import Cell, Sheet, blank, letter, text

Aliases = Mapping[str, Sequence[str]]
Names = Mapping[str, tuple[str, int]]  # field and rank by key of title; the lower the rank, the surer

HEADER_DEPTH = 15  # a header is looked for in so many rows that hold anything
DEEPEST = 3
BY_HAND = -1  # the rank of a title that a person has given a field

BRACKETS = re.compile(r"[(\[{【〔〈《「].*?[)\]}】〕〉》」]")
MARKS = re.compile(r"[\W_]+")
ASKING = re.compile(
    r"[(\[【][^)\]】]*(?:必填|必选|选填|选择|可不填|可空|文本|格式|下拉|\d+位|单位|如:|例)[^)\]】]*[)\]】]"
)
LABEL = re.compile(r"[:：]|\d{4}")
LONG_NUMBER = re.compile(r"\d{11}")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it stands (from 0), what is written over it, the field it was taken for ("" for none), some of what stands in it."""

    index: int
    title: str
    field: str = ""
    samples: tuple[str, ...] = ()

    @property
    def letter(self) -> str:
        return letter(self.index)


@dataclass(frozen=True, slots=True)
class Near:
    """A row that may be the header but lacks something: its own number, how many rows it has, the fields found and those that are not."""

    first_row: int
    depth: int
    fields: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(slots=True)
class Header:
    """Where a header stands (from 0), and its columns; `near` are the next best where none is good enough."""

    first: int = -1
    depth: int = 0
    columns: list[Column] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    beside: bool = False  # the same titles come twice, side by side


def title_key(title: str) -> str:
    """What is compared of a column's title: NFKC, without spaces, punctuation and brackets' signs, without hints like （必填）."""
    return MARKS.sub("", ASKING.sub("", unicodedata.normalize("NFKC", title))).casefold()


def names_of(aliases: Aliases, titles: Mapping[str, str]) -> Names:
    """The field of each title that is known: by hand first, then the alias table, where the earlier name is the surer."""
    names = {title_key(title): (field_name, BY_HAND) for title, field_name in titles.items()}
    for field_name, known in aliases.items():
        for rank, title in enumerate(known):
            names.setdefault(title_key(title), (field_name, rank))
    return names


def match(title: tuple[str, ...], names: Names) -> tuple[str, int] | None:
    """
    The field of a title given as a path from group to leaf: the whole path decides, then its end, then the leaf alone, then the leaf
    without its brackets. A leaf alone is less sure than any path.
    """
    leaf = unicodedata.normalize("NFKC", title[-1])
    paths = ["".join(title[at:]) for at in range(len(title) - 1)]
    for key in map(title_key, paths):
        if key in names:
            return names[key]
    for distance, key in ((100, title_key(leaf)), (200, title_key(BRACKETS.sub("", leaf)))):
        if key and key in names:
            field_name, rank = names[key]
            return field_name, rank if rank == BY_HAND or len(title) == 1 else rank + distance
    return None


def find(
    sheet: Sheet,
    names: Names,
    *,
    need: Sequence[str] = (),
    mapping: Mapping[int, str] | None = None,
    given: tuple[int, int] | None = None,
    at: int | None = None,
    left: frozenset[int] = frozenset(),
) -> Header:
    """
    The best header among the first rows, or of those that begin `at` a row (from 0): the most fields, then the higher, then the shorter.
    It must name two fields and all of `need`.

    `mapping` gives the field of some columns by hand, `given` the header's own row number and depth, `left` the columns to pass over.
    """
    mapping = mapping or {}
    tried: list[tuple[int, Header, set[str]]] = []
    for first, depth in _places(sheet, given, at):
        titles = {index: title for index, title in _titles(sheet, first, depth).items() if index not in left}
        if depth > 1 and not given and not _adds(sheet, first, depth, titles, names):
            continue
        fields = _fields(titles, names, mapping)
        by_hand = {name for index, name in mapping.items() if name and index < sheet.width and index not in left}
        tried.append((len(fields), Header(first, depth, beside=_beside(titles, names)), fields | by_hand))
    whole = [one for one in tried if len(one[2]) > 1 and one[2].issuperset(need)]
    if not whole:
        return Header(near=_near(tried, need))
    # Fields by hand count for less than titles that are known: they are given to the rows of people as well.
    over: list[tuple[int, Header, set[str]]] = whole
    while over:
        _score, best, _all = max(
            over,
            key=lambda one: (one[0], _own(sheet, one[1], mapping), len(one[2]), -one[1].first, -one[1].depth),
        )
        # a longer header further down is that of a second table
        over = [one for one in whole if _is_table_over(sheet, one[1], best)]
    if not given:
        best.depth = _reach(sheet, best)
    best.columns = _columns(sheet, best, names, mapping, left)
    return best


def _places(sheet: Sheet, given: tuple[int, int] | None, at: int | None) -> list[tuple[int, int]]:
    if given:
        first, depth = given[0] - 1, min(given[1], DEEPEST)
        return [(first, depth)] if first + depth <= len(sheet.rows) else []
    shown = [first for first, row in enumerate(sheet.rows[:2_000]) if not all(map(blank, row))][:HEADER_DEPTH]
    if at is not None:
        shown = [at]
    return [
        (first, depth)
        for first in shown
        for depth in range(1, DEEPEST + 1)
        if first + depth <= len(sheet.rows) and (depth == 1 or _together(sheet, first, depth))
    ]


def _together(sheet: Sheet, first: int, depth: int) -> bool:
    """Whether rows are one header: merges hold them together, or, of two, the upper has several titles that are no “填报单位：”."""
    last = first + depth - 1
    if any(top == first and bottom == last for top, _left, bottom, _right in sheet.merges):
        return True
    titles = {text(cell) for cell in sheet.rows[first] if not blank(cell)}
    return depth == 2 and len([title for title in titles if not LABEL.search(title)]) > 1


def _adds(sheet: Sheet, first: int, depth: int, titles: Mapping[int, tuple[str, ...]], names: Names) -> bool:
    """Whether the upper row belongs to the header (附件1 over 姓名 does not): it names columns or groups of them."""
    groups = any(
        top == first and (bottom == first + depth - 1 or 0 < right - left < sheet.width - 1)
        for top, left, bottom, right in sheet.merges
    )
    own = any(title_key(text(cell)) in names for cell in sheet.rows[first] if not blank(cell))
    return groups or own or any(title_key("".join(path)) in names for path in titles.values() if len(path) > 1)


def _is_table_over(sheet: Sheet, header: Header, best: Header) -> bool:
    """Whether rows of people or places, with a long number in them, stand between a header and a better one under it."""
    between = sheet.rows[header.first + header.depth : best.first]
    return any(LONG_NUMBER.search(text(cell)) for row in between for cell in row if not blank(cell))


def _reach(sheet: Sheet, header: Header) -> int:
    """How many rows a header has by its own merges: what is grouped may be columns that nobody asks for."""
    lasts = [bottom for top, _left, bottom, _right in sheet.merges if top == header.first and bottom > top]
    deepest = max((last for last in lasts if lasts.count(last) > 1), default=0) - header.first + 1
    return max(header.depth, deepest) if deepest <= DEEPEST else header.depth


def _own(sheet: Sheet, header: Header, mapping: Mapping[int, str]) -> int:
    """How many of the columns given by hand have a title of their own in this row: no title over everything, and no long number."""
    row = sheet.rows[header.first + header.depth - 1]
    shown = [text(row[at]) for at, name in mapping.items() if name and at < len(row) and not blank(row[at])]
    return len({value for value in shown if not LONG_NUMBER.search(value)})


def _titles(sheet: Sheet, first: int, depth: int) -> dict[int, tuple[str, ...]]:
    """The path of titles over each column of a header, joined through merges only."""
    titles: dict[int, tuple[str, ...]] = {}
    width = max(len(sheet.rows[row]) for row in range(first, first + depth))
    for column in range(width):
        path = [" ".join(text(sheet.cell(row, column)).split()) for row in range(first, first + depth)]
        path = [part for at, part in enumerate(path) if part and part not in path[:at]]
        if path:
            titles[column] = tuple(path)
    return titles


def _fields(titles: Mapping[int, tuple[str, ...]], names: Names, mapping: Mapping[int, str]) -> set[str]:
    found = {matched[0] for at, title in titles.items() if at not in mapping and (matched := match(title, names))}
    return found - {""}


def _beside(titles: Mapping[int, tuple[str, ...]], names: Names) -> bool:
    """Whether two tables stand side by side: two fields or more are named twice in the very same words, in the same order."""
    places: dict[str, list[int]] = {}
    for at, title in titles.items():
        if match(title, names):
            places.setdefault("/".join(title), []).append(at)
    twice = [found for found in places.values() if len(found) > 1]
    return len(twice) > 1 and len({found[1] - found[0] for found in twice}) == 1


def _near(tried: list[tuple[int, Header, set[str]]], need: Sequence[str]) -> list[Near]:
    """The three rows that come closest, one for each row."""
    found: dict[int, Near] = {}
    for _score, header, fields in sorted(tried, key=lambda one: (-len(one[2]), one[1].first, one[1].depth)):
        if fields:
            missing = tuple(name for name in need if name not in fields)
            found.setdefault(header.first, Near(header.first + 1, header.depth, tuple(sorted(fields)), missing))
    return list(found.values())[:3]


def _columns(
    sheet: Sheet, header: Header, names: Names, mapping: Mapping[int, str], left: frozenset[int]
) -> list[Column]:
    """One column for each title or by hand; of two titles for one field the surer name wins, then the one further left."""
    titles = _titles(sheet, header.first, header.depth)
    titles |= {at: ("",) for at, name in mapping.items() if name and at not in titles and at < sheet.width}
    claims: dict[str, tuple[int, int]] = {}
    for index, title in titles.items():
        if index in mapping or index in left or not (matched := match(title, names)):
            continue
        if matched[0] and matched[0] not in mapping.values():
            claims[matched[0]] = min(claims.get(matched[0], (matched[1], index)), (matched[1], index))
    owners = {index: field_name for field_name, (_rank, index) in claims.items()} | dict(mapping)
    return [
        Column(index, "/".join(titles[index]), "" if index in left else owners.get(index, ""))
        for index in sorted(titles)
    ]


def keys(row: Sequence[Cell]) -> dict[int, str]:
    return {index: title_key(text(cell)) for index, cell in enumerate(row) if not blank(cell)}

"""
Rosters in the spirit of those that are met: drawn by chance from a seed, damaged in the known ways, and each knowing what its rows must give.

Nobody in them is anybody: the last three places of the ID numbers were kept for people of a hundred years and more.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from roster.identity import check_digit
from tests.lms import pages
from tests.lms.pages import Page, Value

KINDS = ("xlsx", "csv", "xls", "ods")
NUMERALS = "一二三四五六七八九"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = ["伟", "芳", "娜", "敏", "静", "丽娟", "建国", "秀英", "志强", "桂兰", "春梅", "文斌", "海燕", "䶮", "㛃"]
OPTIONAL = ("sex", "employment", "joined", "education", "political_status", "mentor")
EXTRA = ("民族", "备注", "婚姻状况", "家庭住址")


@dataclass(frozen=True)
class Place:
    township: str
    community: str
    grid: int


@dataclass
class Invented:
    """A file and what it must give: (sheet, row) → code of the fault or the remark, "" where the row is sound."""

    name: str
    data: bytes
    faults: dict[tuple[str, int], str] = field(default_factory=dict)
    remarks: dict[tuple[str, int], str] = field(default_factory=dict)
    people: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)  # name and whole ID number of each row
    skipped: int = 0
    totals: int = 0  # rows that name a number of people, all of them right


@dataclass
class Entry:
    """One row before it is laid out."""

    name: str
    number: str
    place: Place
    values: dict[str, Value]
    fault: str = ""
    remark: str = ""
    two_places: bool = False  # the month is shown with its nought


def roster(seed: int, places: Sequence[Place], titles: Mapping[str, Sequence[str]], *, kind: str = "") -> Invented:
    """A roster of 12 to 40 rows; the same seed gives the same file."""
    draw = Random(seed)
    kind = kind or draw.choice(KINDS)
    entries = _entries(draw, places, kind)
    return Layout(draw, kind, titles).write(entries)


# --- people -----------------------------------------------------------------------------------------------------------


def _entries(draw: Random, places: Sequence[Place], kind: str) -> list[Entry]:
    entries: list[Entry] = []
    for serial in range(draw.randint(12, 40)):
        entry = _entry(draw, serial, draw.choice(places))
        for damage in (_damage_number, _damage_name, _damage_date, _damage_place):
            if draw.random() < 0.35 and not entry.fault:
                damage(draw, entry, kind)
        entries.append(entry)
    entries.sort(key=lambda entry: entry.place.township)
    return entries


def _entry(draw: Random, serial: int, place: Place) -> Entry:
    name = draw.choice(SURNAMES) + draw.choice(GIVEN)
    born = dt.date(1960, 1, 1) + dt.timedelta(days=draw.randrange(15_000))
    sequence = draw.choice(("996", "997", "998", "999"))
    # the serial number in the area keeps numbers apart
    first = f"{draw.choice(('4212', '4223'))}{serial:02}{born:%Y%m%d}{sequence}"
    number = first + check_digit(first)
    female = int(sequence) % 2 == 0
    values: dict[str, Value] = {
        "name": name,
        "id_number": number,
        "mobile": f"1541{seed_digits(draw)}",
        "township": place.township,
        "community": place.community,
        "grid": draw.choice((f"第{NUMERALS[place.grid - 1]}网格", f"{place.grid}网格", f"第{place.grid:02}网格")),
        "sex": "女" if female else "男",
        "employment": draw.choice(("专职", "兼职")),
        "joined": dt.date(2020, 1, 1) + dt.timedelta(days=draw.randrange(1_500)),
        "education": draw.choice(("大专", "高中", "本科")),
        "political_status": draw.choice(("中共党员", "群众")),
        "mentor": draw.choice(("否", "是")),
    }
    return Entry(name, number, place, values)


def seed_digits(draw: Random) -> str:
    return f"{draw.randrange(10_000_000):07}"


def _damage_number(draw: Random, entry: Entry, kind: str) -> None:
    number = entry.number
    wide = number.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    harmless: list[Value] = [
        f"'{number}",
        wide,
        f"{number[:6]} {number[6:14]} {number[14:]}",
        f"\t{number}",
        number.lower(),
        number.replace("X", "×"),
        f"\u202a{number}\u202c",
        f"{number}。",
    ]
    if kind == "csv":
        harmless.append(f'="{number}"')
    what = draw.choice(("harmless", "harmless", "number", "digit", "short", "birth", "old", "none"))
    if what == "harmless":
        entry.values["id_number"] = draw.choice(harmless)
    elif what == "number" and not number.endswith("X"):
        entry.values["id_number"], entry.fault = float(number), "id_number_truncated"
    elif what == "digit":
        wrong = next(mark for mark in "0123456789X" if mark != number[17])
        entry.values["id_number"], entry.fault = number[:17] + wrong, "id_check_digit"
    elif what == "short":
        entry.values["id_number"], entry.fault = number[:17], "id_format"
    elif what == "birth":
        first = f"{number[:10]}1340{number[14:17]}"
        entry.values["id_number"], entry.fault = first + check_digit(first), "id_birth_date"
    elif what == "old":
        entry.values["id_number"], entry.remark = number[:6] + number[8:17], "id_converted"
    elif what == "none":
        entry.values["id_number"] = entry.number = ""


def _damage_name(draw: Random, entry: Entry, kind: str) -> None:
    name = entry.name
    if draw.random() < 0.15:
        entry.values["name"], entry.fault = draw.choice((None, "无", " ")), "name_missing"
    elif draw.random() < 0.15:
        entry.name = f"{name[0]}{name[0]}古丽·{name[1:]}"
        entry.values["name"] = entry.name.replace("·", draw.choice("•‧・．"))
    else:
        entry.values["name"] = draw.choice(
            (f"{name[0]}\u3000{name[1:]}", f"{name[0]} {name[1:]}", f"{name}（女）", f" {name}")
        )


def _damage_date(draw: Random, entry: Entry, kind: str) -> None:
    written: list[tuple[Value, str, bool]] = [
        ("2024.7", "", False),
        ("2024年7月至今", "", False),
        ("202407", "", False),
        ("24.10", "", False),
        ("二〇二四年七月", "", False),
        ("2024/7/1", "", False),
        ("无", "", False),
        ("去年", "date_format", False),
    ]
    if kind != "csv":
        written += [(2024.1, "date_ambiguous", False), (2024.1, "", True), (2024.11, "", False), (45503.0, "", False)]
    entry.values["joined"], remark, entry.two_places = draw.choice(written)
    entry.remark = entry.remark or remark


def _damage_place(draw: Random, entry: Entry, kind: str) -> None:
    if draw.random() < 0.3:
        entry.values["community"], entry.fault = "查无此村村委会", "community_unknown"


# --- the sheet --------------------------------------------------------------------------------------------------------


class Layout:
    """How one clerk lays a list out: the order and names of the columns, what stands over, between and under the rows."""

    def __init__(self, draw: Random, kind: str, titles: Mapping[str, Sequence[str]]) -> None:
        self.draw, self.kind = draw, kind
        chance = lambda share: draw.random() < share  # noqa: E731
        self.by_township = kind != "csv" and chance(0.4)
        fields = ["name", "id_number", "mobile", "community", "grid", *(name for name in OPTIONAL if chance(0.6))]
        if not self.by_township:
            fields.append("township")
        draw.shuffle(fields)
        self.columns = [(name, self.title(titles[name])) for name in fields]
        for title in EXTRA:
            if chance(0.3):
                self.columns.insert(draw.randrange(len(self.columns) + 1), ("", title))
        if chance(0.7):
            self.columns.insert(0, ("seq", "序号"))
        self.heading, self.units, self.hint = chance(0.7), chance(0.4), chance(0.3)
        # a township merged down its rows stays the township's own: nothing else may stand between
        self.merged = not self.by_township and kind != "csv" and chance(0.5)
        self.grouped = kind != "csv" and chance(0.4)
        self.page_of = draw.choice((0, 0, 8, 12))
        self.subtotals, self.total, self.signature, self.blanks = chance(0.3), chance(0.5), chance(0.5), chance(0.3)
        self.instructions = kind != "csv" and chance(0.3)

    def title(self, titles: Sequence[str]) -> str:
        title = self.draw.choice(titles)
        return self.draw.choice((title, title, f"{title}（必填）", f"*{title}", f" {title[:1]} {title[1:]}"))

    def write(self, entries: list[Entry]) -> Invented:
        made = Invented("", b"")
        groups: dict[str, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.place.township if self.by_township else "", []).append(entry)
        sheets = [self.page(made, township, some) for township, some in groups.items()]
        if self.instructions:
            sheets.insert(0, Page("填表说明", [["一、身份证号请设为文本格式"], ["二、请勿合并单元格"]]))
            sheets.append(Page("下拉选项", [["专职", "兼职"]], hidden=True))
        made.data = self.file(sheets)
        # the name of a file is not to be believed
        made.name = f"花名册.{self.draw.choice((self.kind, 'xlsx', 'xls', 'et'))}"
        return made

    def file(self, sheets: list[Page]) -> bytes:
        if self.kind == "csv":
            encoding = self.draw.choice(("gb18030", "utf-8", "utf-8-sig", "utf-16"))
            return pages.as_csv(sheets[0], encoding, self.draw.choice(",\t;"))
        return {"xlsx": pages.as_xlsx, "xls": pages.as_xls, "ods": pages.as_ods}[self.kind](sheets)

    def page(self, made: Invented, township: str, entries: list[Entry]) -> Page:
        forms = ("{0}", "{0}（{1}人）", "1.{0}", "{0}{1}人")
        name = (
            self.draw.choice(forms).format(township, len(entries))
            if township
            else self.draw.choice(("Sheet1", "花名册"))
        )
        page = Page(name)
        key = "" if self.kind == "csv" else name
        if self.heading:
            page.rows.append(["2024年网格员花名册"])
            page.merges += [(0, 0, 0, len(self.columns) - 1)] if self.kind != "csv" else []
        if self.units:
            page.rows.append(["填报单位：某县", None, None, "填报时间：2024年7月"])
        self.header(page)
        if self.hint:
            page.rows.append([("请填写" if name else "选填") for name, _title in self.columns])
            made.skipped += 1
        self.rows(page, made, key, entries)
        return page

    def header(self, page: Page) -> None:
        titles: list[Value] = [title for _name, title in self.columns]
        if not self.grouped:
            page.rows.append(titles)
            return
        top, left = len(page.rows), self.draw.randrange(len(titles) - 1)
        group = [*titles[:left], "基本情况", None, *titles[left + 2 :]]
        leaves = [None] * left + titles[left : left + 2] + [None] * (len(titles) - left - 2)
        page.rows += [group, leaves]
        page.merges.append((top, left, top, left + 1))
        page.merges += [(top, at, top + 1, at) for at in range(len(titles)) if at not in (left, left + 1)]

    def rows(self, page: Page, made: Invented, key: str, entries: list[Entry]) -> None:
        first = block = len(made.people)
        for serial, entry in enumerate(entries, 1):
            self.row(page, made, key, entry, serial)
            last = serial == len(entries)
            if self.page_of and serial % self.page_of == 0 and not last and not self.grouped:
                if self.subtotals:
                    self.leave_out(page, made, ["小计", f"{len(made.people) - block}人"])
                    made.totals += 1
                    block = len(made.people)
                if self.blanks:
                    self.leave_out(page, made, [])
                self.leave_out(page, made, [title for _name, title in self.columns])
        self.merge(page, made, key)
        if self.total:
            self.leave_out(page, made, ["合 计", None, f"共{len(made.people) - first}人"])
            made.totals += 1
        if self.signature:
            self.leave_out(page, made, ["注：以上均为在岗人员"])
            self.leave_out(page, made, ["制表人：甲", None, "审核人：乙", "联系电话：0715-8123456"])

    def leave_out(self, page: Page, made: Invented, row: list[Any]) -> None:
        page.rows.append(row)
        made.skipped += 1

    def row(self, page: Page, made: Invented, key: str, entry: Entry, serial: int) -> None:
        values = entry.values | {"seq": float(serial), "": None}
        page.rows.append([values[name] for name, _title in self.columns])
        number = len(page.rows)
        if entry.two_places:
            page.formats |= {
                (number - 1, at): "0.00" for at, (name, _title) in enumerate(self.columns) if name == "joined"
            }
        if self.draw.random() < 0.05:
            page.hidden_rows.add(number)
        made.people[key, number] = (entry.name, entry.number)
        if entry.fault:
            made.faults[key, number] = entry.fault
        fields = {name for name, _title in self.columns}
        if entry.remark and (entry.remark == "id_converted" or "joined" in fields):
            made.remarks[key, number] = entry.remark

    def merge(self, page: Page, made: Invented, key: str) -> None:
        """Merge each run of one township down its rows: only the first cell keeps the name."""
        if not self.merged:
            return
        column = next(at for at, (name, _title) in enumerate(self.columns) if name == "township")
        numbers = [number for sheet, number in made.people if sheet == key]
        start = numbers[0]
        for number, following in zip(numbers, [*numbers[1:], 0], strict=True):
            value = page.rows[start - 1][column]
            if following != number + 1 or page.rows[following - 1][column] != value:
                if number > start:
                    page.merges.append((start - 1, column, number - 1, column))
                    for row in page.rows[start:number]:
                        row[column] = None
                start = following

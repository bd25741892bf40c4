"""The roster as a list that can be brought in again: one row for each person and grid, in the columns of the roster's own kind of import."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from lms import exported
from lms.refusal import Refused
from lms.streamed import Look, Pen, Value
from roster import identity, reach
from roster.models import Duty, Posting, Role, Territory, User, Worker
from roster.rosterfile import RosterResource

WHOLE = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER)  # who may take out numbers that are not masked
# what numbers are needed for that are not masked; a list with masked ones may leave for any reason
REASONS = ("return", "check", "insure", "repair")
IN_MEMORY = 4 * 1024 * 1024
NUMBER = "number"
TEXT, HEAD, DAY, NOTE = "text", "head", "day", "note"
Places = Mapping[int, Territory]
LOOKS = {
    TEXT: Look("@"),
    HEAD: Look("@", bold=True, ground="EFEDE6", wrap=True),
    DAY: Look('yyyy"年"m"月"d"日"'),
    NOTE: Look("@", ink="7D5200"),
}
WIDTHS = {"name": 12, "id_number": 22, "mobile": 16, "sex": 8, "joined": 16, "position": 20, "grid_code": 20}


@dataclass(frozen=True)
class Exported:
    file: IO[bytes]
    name: str
    rows: int
    people: int


def export(
    by: User, *, county: Territory | None, township: Territory | None, full: bool, reason: str, now: datetime
) -> Exported:
    """
    The people on the roster within reach, with numbers masked, or with full ones for a reason where the role allows it.
    Each list that leaves is noted with its size; no transaction is held while it is written, for that takes seconds.
    """
    if full and reason not in REASONS:
        raise Refused(_("要导出完整号码，请先选用得着完整号码的用途。"))
    if reason not in exported.REASONS:
        raise Refused(_("请先选用途，再导出。"))
    place = township or county
    workers = within(by, full=full)
    if place:
        workers = workers.filter(township__path__startswith=place.path)
    people = workers.count()
    if not people:
        raise Refused(_("这个范围里还没有网格员，没有可以导出的。"))
    mark = watermark(by, place, full=full, reason=reason, now=now)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  the answer closes it
    rows = write(file, workers, full=full, mark=mark)
    path = place.path if place else ""
    form = "full" if full else "masked"
    exported.note(by, kind="roster", rows=rows, reason=reason, now=now, territory=path, form=form, people=people)
    name = _("%(place)s网格员花名册 %(day)s.xlsx") % {
        "place": place.name if place else "",
        "day": timezone.localtime(now).strftime("%Y-%m-%d"),
    }
    return Exported(file, name, rows, people)


def within(by: User, *, full: bool) -> QuerySet[Worker]:
    """Those who have not gone, in the order of their places."""
    workers = reach.workers(by, *WHOLE) if full else reach.workers(by, Duty.ROSTER)
    return workers.listed().order_by("township__code", "number")


def watermark(by: User, place: Territory | None, *, full: bool, reason: str, now: datetime) -> exported.Mark:
    """The line over the list that says who took it out, when, and how far its numbers are shown."""
    numbers = _("含完整身份证号和手机号，请妥善保管，用完删除") if full else _("身份证号和手机号已隐去中间几位")
    where = place.name if place else _("管辖范围内全部")
    return exported.mark(by, now=now, place=where, reason=reason, more=numbers)


# --- the workbook ---------------------------------------------------------------------------------------------------


def write(file: Any, workers: QuerySet[Worker], *, full: bool, mark: exported.Mark) -> int:
    """Stream the list; returns how many rows it has. Who holds no grid stands on a sheet of their own, which no import reads."""
    book = Workbook(write_only=True)
    exported.stamp(book, mark)
    columns = titles()
    page = book.create_sheet(str(RosterResource.title))
    dress(page, list(columns), mark)
    pen = Pen(page, LOOKS)
    over(pen, mark.line, list(columns.values()))
    asked = [name for name in columns if name in PERSON]
    places = Territory.objects.in_bulk()
    rows, idle = 0, []
    for worker in fetched(workers):
        held = sorted(worker.held, key=lambda posting: order(worker, posting, places))  # type: ignore[attr-defined]
        person = of_person(worker, asked, full=full)
        for posting in held:
            pen.write(row({**person, **of_place(posting, places)}, columns))
            rows += 1
        if not held:
            idle.append(worker)
    if idle:
        without_grid(book, idle, places, full=full, mark=mark)
    book.save(file)
    file.seek(0)
    return rows


def titles() -> dict[str, str]:
    """Field → title, in the order of the template, the sign-in number last."""
    columns = {name: str(column.column_name) for name, column in RosterResource().columns().items()}
    last = columns.pop(NUMBER, str(_("登录号")))
    return {**columns, NUMBER: last}


def dress(page: Any, names: list[str], mark: exported.Mark) -> None:
    for place, name in enumerate(names, start=1):
        page.column_dimensions[get_column_letter(place)].width = WIDTHS.get(name, 14)
        # what is written below later stays as it is written
        page.column_dimensions[get_column_letter(place)].number_format = "@"
    page.freeze_panes = "B4"
    page.print_title_rows = "1:3"
    page.page_setup.orientation, page.page_setup.paperSize = "landscape", 9
    page.page_setup.fitToHeight, page.sheet_properties.pageSetUpPr.fitToPage = 0, True
    exported.foot(page, mark)


def over(pen: Pen, note: str, titles: list[str]) -> None:
    """The watermark, a line between, so that it is not taken for part of the header, and the header."""
    pen.write([(note, NOTE)])
    pen.write([])
    pen.write((title, HEAD) for title in titles)


def fetched(workers: QuerySet[Worker]) -> Iterator[Worker]:
    postings = Posting.objects.current().select_related("grid")
    return (
        workers.select_related("post")
        .prefetch_related(Prefetch("postings", postings, to_attr="held"))
        .iterator(chunk_size=500)
    )


def order(worker: Worker, posting: Posting, places: Places) -> tuple[bool, str]:
    """A grid of one's own township first: the first row of a person says where they belong."""
    return places[posting.grid.community_id].parent_id != worker.township_id, posting.grid.code


def row(values: dict[str, Value], columns: dict[str, str]) -> Iterator[tuple[Value, str]]:
    for name in columns:
        value = values[name]
        yield value, TEXT if isinstance(value, str) or value is None else DAY


def without_grid(book: Any, workers: list[Worker], places: Places, *, full: bool, mark: exported.Mark) -> None:
    page = book.create_sheet(_("没有网格的人"))
    exported.foot(page, mark)
    names = ("name", "township", "state", "id_number", "mobile", NUMBER)
    for number, _name in enumerate(names, start=1):
        page.column_dimensions[get_column_letter(number)].width = 20
    pen = Pen(page, LOOKS)
    over(pen, mark.line, [_("姓名"), _("乡镇街道"), _("状态"), _("身份证号"), _("手机号"), _("登录号")])
    for worker in workers:
        values = of_person(worker, ("name", "id_number", "mobile", NUMBER), full=full)
        values |= {"township": places[worker.township_id].name, "state": labels("state")[worker.state]}
        pen.write((values[name], TEXT) for name in names)


# --- what stands in the columns -------------------------------------------------------------------------------------


def of_person(worker: Worker, asked: Iterable[str], *, full: bool) -> dict[str, Value]:
    """The asked columns of those that say who somebody is."""
    return {name: PERSON[name](worker, full) for name in asked}


def of_place(posting: Posting, places: Places) -> dict[str, Value]:
    """The columns that say which grid."""
    grid = posting.grid
    community = places[grid.community_id]
    township = places[community.parent_id or 0]
    return {
        "county": places[township.parent_id or 0].name,
        "township": township.name,
        "community": community.name,
        "grid": grid.name,
        "grid_code": grid.code,
    }


@cache
def labels(name: str) -> dict[str, str]:
    """The words for the values of a column; asked of the model for each person anew they cost more than everything else."""
    choices: Any = Worker._meta.get_field(name)
    return {"": "", **{str(value): str(label) for value, label in choices.flatchoices}}


def id_number(worker: Worker, full: bool) -> str:
    return worker.id_number if full else worker.masked_id_number


def telephones(worker: Worker, full: bool) -> str:
    """All numbers in one cell, as the import takes them apart again; the first signs in."""
    numbers = [number for number in (worker.mobile, *(worker.telephones or [])) if number]
    return "/".join(numbers if full else map(identity.mask_mobile, numbers))


def joined(worker: Worker, full: bool) -> Value:
    """A date where the day is known, else in words no finer than that."""
    return worker.joined_on if worker.joined_precision in ("day", "") else worker.joined


MENTOR = {"county": "县级", "township": "乡级"}
PERSON: dict[str, Callable[[Worker, bool], Value]] = {
    "name": lambda worker, full: worker.name,
    "sex": lambda worker, full: labels("sex")[worker.sex],
    "id_number": id_number,
    "mobile": telephones,
    "employment": lambda worker, full: labels("employment")[worker.employment],
    "identity": lambda worker, full: labels("identity")[worker.identity],
    "position": lambda worker, full: worker.position,
    "channel": lambda worker, full: labels("channel")[worker.channel],
    "recruited_by": lambda worker, full: worker.recruited_by,
    "employer": lambda worker, full: worker.employer,
    "managed_by": lambda worker, full: worker.managed_by,
    "joined": joined,
    "education": lambda worker, full: worker.education,
    "political_status": lambda worker, full: worker.political_status,
    "certificate": lambda worker, full: worker.certificate,
    "certificate_level": lambda worker, full: labels("certificate_level")[worker.certificate_level],
    "certificate_number": lambda worker, full: worker.certificate_number,
    "certificate_expires_on": lambda worker, full: worker.certificate_expires_on,
    "post": lambda worker, full: worker.post.name if worker.post else "",
    "step": lambda worker, full: str(worker.step or ""),
    "listed_agreement": lambda worker, full: worker.listed_agreement,
    "listed_grade": lambda worker, full: worker.listed_grade,
    "mentor": lambda worker, full: MENTOR.get(worker.listed_as_mentor, ""),
    NUMBER: lambda worker, full: worker.number,
}

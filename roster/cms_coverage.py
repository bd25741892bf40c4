"""Back-office screens of 网格覆盖: figures by county and township, each with the list behind it, and the same as a worksheet."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from lms import audit, exported, numbers, times, workbooks
from roster import coverage, reach
from roster.asking import Asking
from roster.coverage import NO_MENTOR, Row
from roster.models import Duty, Grid, Level, Territory, User, Worker

ADMINS = reach.only(Duty.ROSTER)

# the figures of the table, with the tone of one that is not 0
FIGURES = {
    "nobody": (lazy("没人负责"), "bo-bad"),
    "away": (lazy("只有停职、借调的人"), "bo-bad"),
    "several": (lazy("几人负责"), ""),
    "households_off": (lazy("户数不合"), "bo-warn"),
    "people_off": (lazy("人口不合"), "bo-warn"),
    "both_off": (lazy("户数人口都不合"), "bo-warn"),
    NO_MENTOR: (lazy("没有小教员的乡镇"), "bo-warn"),
}
PLOTS = (
    (
        lazy("有没有人负责"),
        (
            ("one", lazy("一人")),
            ("several", lazy("几人")),
            ("away", lazy("只有停职、借调")),
            ("nobody", lazy("没有人")),
        ),
    ),
    (
        lazy("户数"),
        (
            ("fit", lazy("300–500 户")),
            ("households_few", lazy("少于 300")),
            ("households_many", lazy("多于 500")),
            ("households_unknown", lazy("没有登记")),
        ),
    ),
)
SHEET = ("all", *coverage.HANDS, *coverage.SIZES, NO_MENTOR)


@dataclass(frozen=True)
class Figure:
    """One number of a place, and where its rows are."""

    name: str
    label: Any
    count: int
    href: str
    tone: str = ""


def nobody_within(user: User) -> int:
    """How many grids within reach have nobody in charge."""
    return coverage.narrowed(Grid.objects.current().within(reach.paths(user, Duty.ROSTER)), "nobody").count()


def place_asked(request: Asking) -> Territory:
    """The county or township named in the address, else the highest place of this admin; 404 outside their reach."""
    within = reach.territories(request.user).current().exclude(level=Level.COMMUNITY).select_related("parent__parent")
    if asked := request.GET.get("in"):
        return get_object_or_404(within, pk=numbers.row(asked))
    if highest := within.order_by("path").first():
        return highest
    raise Http404


def list_of(place: Territory, name: str) -> str:
    """The address of the list behind a figure."""
    if name == NO_MENTOR:
        return f"{reverse('coverage_townships')}?in={place.pk}"
    where: dict[str, Any] = {"county": place.pk} if place.level == Level.COUNTY else {}
    if place.level == Level.TOWNSHIP:
        where = {"township": place.pk}
    if place.level == Level.COMMUNITY:
        where = {"township": place.parent_id, "community": place.pk}
    what = {} if name == "all" else {"hands" if name in coverage.HANDS else "size": name}
    return f"{reverse('grids:index')}?{urlencode(where | what)}"


def figures(row: Row, names: Any = FIGURES) -> list[Figure]:
    return [
        Figure(name, FIGURES[name][0], row.counts[name], list_of(row.place, name), FIGURES[name][1]) for name in names
    ]


def bars(row: Row, parts: Any) -> list[dict[str, Any]]:
    """The parts of a place's grids from the left, in hundredths of its grids."""
    counts = {**row.counts, "fit": row.counts["all"] - row.counts["households_off"] - row.counts["households_unknown"]}
    drawn, left = [], 0.0
    for number, (name, label) in enumerate(parts, 1):
        count = counts.get(name, 0)
        width = round(100 * count / row.counts["all"], 2) if row.counts["all"] else 0
        if count:
            drawn.append({"x": left, "width": width, "tone": number, "label": label, "count": count})
        left = round(left + width, 2)
    return drawn


@ADMINS
@require_safe
def coverage_report(request: Asking) -> HttpResponse:
    place = place_asked(request)
    found = coverage.report(place, on=timezone.localdate(request.now))
    names = [name for name in FIGURES if name != NO_MENTOR or place.level != Level.TOWNSHIP]
    table = [name for name in names if name != NO_MENTOR or place.level == Level.CITY]
    plots = [
        {
            "title": title,
            "keys": enumerate((label for _name, label in parts), 1),
            "rows": [(r.place, bars(r, parts)) for r in found.rows],
        }
        for title, parts in PLOTS
    ]
    context = {
        "place": place,
        "above": above(request, place),
        "total": found.total,
        "grids": list_of(place, "all"),
        "figures": figures(found.total, names),
        "headings": [FIGURES[name][0] for name in table],
        "rows": [(row, figures(row, table), list_of(row.place, "all")) for row in found.rows],
        "plots": plots,
        "unknown": Figure("", "", found.total.counts["households_unknown"], list_of(place, "households_unknown")),
        "no_mentor": place.level == Level.TOWNSHIP and found.total.counts[NO_MENTOR],
        "norm": {"households": coverage.HOUSEHOLDS, "people": coverage.PEOPLE},
        "until": times.in_full(request.now),
        "page_title": _("网格覆盖"),
        "page_subtitle": place.name,
    }
    return render(request, "roster/cms_coverage.html", context)


def above(request: Asking, place: Territory) -> list[Territory]:
    """The places above within reach, the highest first."""
    chain, one = [], place.parent
    while one is not None:
        chain.append(one)
        one = one.parent
    return [one for one in reversed(chain) if reach.covers(request.user, one)]


@ADMINS
@require_safe
def coverage_townships(request: Asking) -> HttpResponse:
    """The townships without a 小教员, with who is marked as one in the county's list."""
    place, today = place_asked(request), timezone.localdate(request.now)
    townships = Territory.objects.current().filter(level=Level.TOWNSHIP, path__startswith=place.path)
    found = coverage.without_mentor(townships, on=today).select_related("parent").order_by("code")
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    listed: dict[int, list[str]] = {}
    for worker in Worker.objects.active().exclude(listed_as_mentor="").filter(township__in=list(page)):
        listed.setdefault(worker.township_id, []).append(worker.name)
    rows = [(township, listed.get(township.pk, [])) for township in page]
    context = {
        "place": place,
        "page": page,
        "rows": rows,
        "page_title": _("没有小教员的乡镇"),
        "page_subtitle": place.name,
    }
    return render(request, "roster/cms_coverage_townships.html", context)


@ADMINS
@require_safe
def coverage_xlsx(request: Asking) -> FileResponse:
    place = place_asked(request)
    found = coverage.report(place, on=timezone.localdate(request.now))
    rows: list[list[workbooks.Value]] = [
        [*names(row.place, found.total), *(row.counts[name] for name in SHEET)] for row in sheet_rows(place, found)
    ]
    labels = {"all": _("网格"), NO_MENTOR: _("没有小教员的乡镇")} | coverage.HANDS | coverage.SIZES
    columns = [(_("县（市、区）"), ""), (_("乡镇（街道）"), ""), (_("村（社区）"), "")]
    data = workbooks.book(
        _("网格覆盖"),
        title=_("%s网格覆盖") % place.name,
        notes=[_("数据截至 %s") % times.in_full(request.now), rule()],
        columns=[*columns, *((str(labels[name]), workbooks.WHOLE) for name in SHEET)],
        rows=rows,
        mark=exported.mark(request.user, now=request.now, place=place.name),
    )
    audit.note(
        "coverage.exported", now=request.now, actor=request.user, subject=place, territory=place.path, rows=len(rows)
    )
    return workbooks.answer(data, name=_("%s网格覆盖.xlsx") % place.name)


def sheet_rows(place: Territory, found: coverage.Report) -> list[Row]:
    """The counties, each with its townships; of a county its townships, of a township its communities; the sum last."""
    if place.level != Level.CITY:
        return [*found.rows, found.total]
    rows: list[Row] = []
    for county in found.rows:
        rows += [county, *(leaf for leaf in found.townships if leaf.place.parent_id == county.place.pk)]
    return [*rows, found.total]


def names(place: Territory, total: Row) -> list[str]:
    """County, township and community of a row."""
    if place.pk == total.place.pk:
        return [_("合计"), "", ""]
    chain, one = [place.name], place.parent
    while one is not None and one.level != Level.CITY:
        chain.insert(0, one.name)
        one = one.parent
    return [*chain, "", ""][:3]


def rule() -> str:
    return _("规范：每个网格 300–500 户或 1,000 人左右，至少一名网格员。人口“左右”按 600–1,200 人算。")

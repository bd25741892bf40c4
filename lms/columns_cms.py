"""The screen on which an admin says how a file is to be read: which column is what, which sheets, what blanks mean."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms import imports, imports_cms, preview, sheets
from lms.models import ImportRun, ImportState
from lms.refusal import Refused
from lms.resources import SheetResource


@dataclass
class Taken:
    """One column as the screen shows it."""

    letter: str
    title: str
    field: str
    values: list[str]
    name: str  # of its input


@dataclass
class Group:
    """Sheets whose columns stand alike, asked about once."""

    sheets: list[str]
    columns: list[Taken]
    gaps: list[tuple[str, str, int, int, str]] = field(
        default_factory=list
    )  # field, its title, count, first row, value
    filled: list[tuple[str, str]] = field(default_factory=list)  # what takes the row above already: field, its title
    header: tuple[int, int] | None = None  # where it was pointed at by hand


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    run, resource = imports_cms.found(request, pk)
    if run.state not in imports.REREAD:
        return redirect("import_run", pk)
    groups = asked(run, resource, request.POST or request.GET)
    if request.method == "POST":
        try:
            read_again(request, run, groups)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        return redirect("import_run", pk)
    context = {
        "run": run,
        "groups": groups,
        "fields": [
            (name, str(column.column_name), name in resource.need) for name, column in resource().columns().items()
        ],
        "candidates": candidates(run) if run.state == ImportState.MAPPING else [],
        "pointed": pointed(request.GET),
        "others": others(run),
        "hidden": hidden(run),
        "hidden_left_out": run.options.get("hidden_rows") == "leave_out",
        "page_title": _("核对每一列"),
        "page_subtitle": run.file_name,
        "header_icon": "upload",
    }
    return render(request, "lms/cms_import_columns.html", context)


def read_again(request: HttpRequest, run: ImportRun, groups: list[Group]) -> None:
    titles = [
        (column.title, said)
        for group in groups
        for column in group.columns
        if (said := request.POST.get(column.name)) is not None and said != column.field and column.title
    ]
    imports.reread(
        run,
        options=options(request.POST, run, groups),
        titles=titles if request.POST.get("remember") else (),
        by=request.user,
        now=request.now,  # type: ignore[attr-defined]
    )


def options(post: QueryDict, run: ImportRun, groups: list[Group]) -> sheets.ReadOptions:
    """What the form says, as the reader takes it. What it does not ask about stays as it was said before."""
    said: dict[str, Any] = {**run.options, "mapping": {}, "fill": {}, "headers": dict(run.options.get("headers", {}))}
    for number, group in enumerate(groups):
        mapping = {column.letter: post.get(column.name, column.field) for column in group.columns}
        for sheet in group.sheets:
            if sheet in said["mapping"]:
                continue  # a table under another one: its columns are known by their titles alone
            said["mapping"][sheet] = mapping
            said["fill"][sheet] = post.getlist(f"fill-{number}")
            if group.header:
                said["headers"][sheet] = list(group.header)
    names = [name for name, _why in others(run)]
    said["sheets_on"] = [name for name in post.getlist("on") if name in names]
    said["sheets_off"] = [
        sheet
        for group in groups
        for sheet in group.sheets
        if len(sheets_of(groups)) > 1 and sheet in post.getlist("off")
    ]
    said["hidden_rows"] = post.get("hidden", "read")
    return sheets.ReadOptions.from_json(said)


def sheets_of(groups: list[Group]) -> list[str]:
    return [sheet for group in groups for sheet in group.sheets]


# --- what was found in the file -------------------------------------------------------------------------------------


def asked(run: ImportRun, resource: type[SheetResource], query: QueryDict) -> list[Group]:
    if run.state == ImportState.MAPPING:
        return by_hand(run, query)
    titles = {name: str(column.column_name) for name, column in resource().columns().items()}
    groups: dict[str, Group] = {}
    for sheet in (run.samples or {}).get("sheets", []):
        key = repr([column[:3] for column in sheet["columns"]])
        group = groups.setdefault(key, Group([], taken(sheet["columns"], len(groups))))
        group.sheets.append(sheet["name"])
        for name in run.options.get("fill", {}).get(sheet["name"], []):
            if name in titles and (name, titles[name]) not in group.filled:
                group.filled.append((name, titles[name]))
        if not group.gaps:
            group.gaps = [
                (name, titles.get(name, name), count, first, value) for name, count, first, value in sheet["gaps"]
            ]
    return list(groups.values())


def taken(columns: list[list[Any]], number: int) -> list[Taken]:
    return [Taken(letter, title, name, values, f"m-{number}-{letter}") for letter, title, name, values in columns]


def candidates(run: ImportRun) -> list[dict[str, Any]]:
    return list((run.samples or {}).get("candidates", []))


def pointed(query: QueryDict) -> tuple[int, int] | None:
    """(which sheet, the header's row) that the admin has pointed at; None for nothing yet."""
    sheet, row = query.get("sheet", ""), query.get("row", "")
    return (int(sheet), int(row)) if sheet.isdecimal() and row.isdecimal() and len(sheet + row) < 12 else None


def by_hand(run: ImportRun, query: QueryDict) -> list[Group]:
    """The columns under the row that was pointed at as the header of one sheet."""
    place, shown = pointed(query), candidates(run)
    if place is None or place[0] >= len(shown):
        return []
    sheet = shown[place[0]]
    rows = dict((number, cells) for number, cells in sheet["rows"])
    if place[1] not in rows:
        return []
    under = [cells for number, cells in sheet["rows"] if number > place[1]][:3]
    columns = [
        Taken(
            sheets.letter(at),
            title,
            "",
            [cells[at] for cells in under if at < len(cells) and cells[at]],
            f"m-0-{sheets.letter(at)}",
        )
        for at, title in enumerate(rows[place[1]])
        if title or any(at < len(cells) and cells[at] for cells in under)
    ]
    return [Group([sheet["name"]], columns, header=(place[1], 1))]


def others(run: ImportRun) -> list[tuple[str, str]]:
    """Sheets that were not read though they might be, and why: hidden ones, specimens, those taken off before."""
    left = run.reading.get("left_out", [])
    kept = {"hidden", "specimen", "off"}
    return [(name, str(preview.SHEET_REASONS[reason])) for name, reason in left if reason in kept]


def hidden(run: ImportRun) -> int:
    return sum(sheet.get("hidden", 0) for sheet in run.reading.get("sheets", []))

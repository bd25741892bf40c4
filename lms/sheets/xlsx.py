"""Workbooks of the .xlsx kind: a bounded look at every part, what strays cut off, then an engine."""

import posixpath
from collections.abc import Iterable
from zipfile import ZipFile

from lms.refusal import Refused

from . import engines, formats, parts, worksheets
from .book import Limits, Sheet
from .sniff import damaged


def read(data: bytes, limits: Limits) -> list[Sheet]:
    """Read every sheet; refuse what is over the limits, locked, damaged or carries entities."""
    with parts.open_zip(data, limits) as archive:
        places = _places(archive, limits)
        scans = worksheets.look(archive, limits, places=places.values())
        whole = data
        if strays := [scan for scan in scans.values() if scan.strays]:
            whole = worksheets.trimmed(archive, strays, limits)
        found = {name: scans[part] for name, part in places.items() if part in scans}
        try:
            sheets = _sheets(engines.by_calamine(whole), found)
        except Refused as refused:
            if refused.code != "file_damaged":
                raise
            sheets = _sheets(engines.by_openpyxl(whole, limits), found)
        formats.of_xlsx(archive, sheets, places, limits)
    return sheets


def _sheets(pages: Iterable[engines.Raw | None], scans: dict[str, worksheets.Scan]) -> list[Sheet]:
    sheets = []
    for page in pages:
        if page is None:
            continue
        scan = scans.get(page.name)
        if scan is None:  # a part that has not been looked at is given to nobody
            raise damaged()
        sheets.append(
            Sheet(
                page.name,
                page.rows,
                scan.merges,
                hidden=page.hidden,
                hidden_rows=frozenset(scan.hidden_rows),
                hidden_columns=frozenset(scan.hidden_columns),
                faults=_faults(page, scan),
            )
        )
    return sheets


def _faults(page: engines.Raw, scan: worksheets.Scan) -> dict[tuple[int, int], str]:
    """The cells that hold an error, and those whose formula has never been calculated; neither shows a value."""
    faults: dict[tuple[int, int], str] = {}
    for code, places in (("error_value", scan.errors), ("formula_without_value", scan.formulas)):
        for number, column in places:
            row = page.rows[number - 1] if number <= len(page.rows) else []
            value = row[column - 1] if column <= len(row) else None
            if code == "error_value" or value is None or value == "":
                faults[number, column - 1] = code
                if column <= len(row):
                    row[column - 1] = None
    return faults


def _places(archive: ZipFile, limits: Limits) -> dict[str, str]:
    """The part in which each sheet of the workbook is kept, by the sheet's name."""
    workbook = next(name for name in archive.namelist() if name.lower().endswith("workbook.xml"))
    folder, file = posixpath.split(workbook)
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            key = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            ids[attributes.get("name", "")] = key

    def relation(_name: str, attributes: dict[str, str]) -> None:
        target = attributes.get("Target", "").replace("\\", "/")
        targets[attributes.get("Id", "")] = (
            target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        )

    parts.walk(archive, workbook, sheet, limits)
    relations = posixpath.join(folder, "_rels", file + ".rels")
    if relations in archive.namelist():
        parts.walk(archive, relations, relation, limits)
    stored = {name.lower(): name for name in archive.namelist()}
    return {name: stored.get(targets.get(key, "").lower(), "") for name, key in ids.items()}

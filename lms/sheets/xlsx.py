"""Workbooks of the .xlsx kind: a bounded look at every part, what strays cut off, then calamine."""

import posixpath
from io import BytesIO
from typing import cast
from zipfile import ZipFile

import python_calamine

from . import parts, worksheets
from .book import Cell, Limits, Sheet
from .sniff import damaged, locked


def read(data: bytes, limits: Limits) -> list[Sheet]:
    """Read every sheet; refuse what is over the limits, locked, damaged or carries entities."""
    with parts.open_zip(data, limits) as archive:
        places = _places(archive, limits)
        scans = worksheets.look(archive, limits, places=places.values())
        if strays := [scan for scan in scans.values() if scan.strays]:
            data = worksheets.trimmed(archive, strays, limits)
    try:
        book = python_calamine.load_workbook(BytesIO(data))
    except python_calamine.PasswordError as error:
        raise locked() from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise damaged() from error
    sheets = []
    for about in book.sheets_metadata:
        if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        scan = scans.get(places.get(about.name, ""))
        if scan is None:  # a part that has not been looked at is not given to any parser
            raise damaged()
        rows, _merges = by_calamine(book, about.name)
        sheets.append(
            Sheet(
                about.name,
                rows,
                scan.merges,
                hidden=about.visible != python_calamine.SheetVisibleEnum.Visible,
                hidden_rows=frozenset(scan.hidden_rows),
                hidden_columns=frozenset(scan.hidden_columns),
            )
        )
    return sheets


def by_calamine(book: python_calamine.CalamineWorkbook, name: str) -> tuple[list[list[Cell]], list]:
    """The rows and the merged ranges of one sheet, as calamine sees them."""
    try:
        sheet = book.get_sheet_by_name(name)
        merges = [(top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()]
        return cast("list[list[Cell]]", sheet.to_python(skip_empty_area=False)), merges
    except (python_calamine.CalamineError, ValueError) as error:
        raise damaged() from error


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

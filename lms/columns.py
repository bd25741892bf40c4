"""Which column was taken for what: said by an admin once, remembered for their territory and kind of import."""

from datetime import datetime
from typing import Any

from lms import sheets
from lms.models import ColumnMemory, ImportRun

Mapping = dict[str, dict[str, str]]  # sheet's name or "*" → column's letter → field, "" for none


def options(run: ImportRun, *, place: str) -> sheets.ReadOptions:
    """How this run's file is to be read: as said for it by hand, else by what is remembered of its titles."""
    known = ColumnMemory.objects.filter(kind=run.kind, place=place).values_list("title", "field")
    return sheets.ReadOptions.from_json({**run.options, "titles": dict(known)})


def remember(run: ImportRun, mapping: Mapping, *, place: str, by: Any, now: datetime) -> None:
    """Keep what was said of each title; the newest word counts."""
    said = {
        key: ColumnMemory(kind=run.kind, place=place, title=key, field=field, by=by, at=now)
        for title, field in titles(run, mapping)
        if (key := sheets.title_key(title)[:100])
    }
    ColumnMemory.objects.bulk_create(
        said.values(),
        update_conflicts=True,
        unique_fields=["kind", "place", "title"],
        update_fields=["field", "by", "at"],
    )


def titles(run: ImportRun, mapping: Mapping) -> list[tuple[str, str]]:
    """(title, field) of each column named by hand; a column's own title where its header joins two rows."""
    found = []
    for sheet in (run.samples or {}).get("sheets", []):
        for letter, title, _field, _values in sheet["columns"]:
            chosen = {**mapping.get("*", {}), **mapping.get(sheet["name"], {})}
            if letter in chosen:
                found.append((title.rpartition("/")[2], chosen[letter]))
    return found


def forget(*, kind: str, place: str) -> None:
    """Go back to what the product knows by itself."""
    ColumnMemory.objects.filter(kind=kind, place=place).delete()

"""Which column was taken for what: said by an admin once, remembered for their territory and kind of import."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lms import sheets
from lms.models import ColumnMemory, ImportRun

LONG = re.compile(r"\d{8}")
Said = Sequence[tuple[str, str]]  # (a column's title, the field it is, "" for none)


def options(run: ImportRun, *, place: str) -> sheets.ReadOptions:
    """How this run's file is to be read: as said for it by hand, else by what is remembered of its titles."""
    known = ColumnMemory.objects.filter(kind=run.kind, place=place).values_list("title", "field")
    return sheets.ReadOptions.from_json({**run.options, "titles": dict(known)})


def remember(said: Said, *, kind: str, place: str, by: Any, now: datetime) -> None:
    """
    Keep what was said of each title; the newest word counts. Of a title of two rows the lower one is kept. A title with a long number
    in it is a row of data that was pointed at as the header.
    """
    keys = {sheets.title_key(title.rpartition("/")[2])[:100]: field for title, field in said}
    rows = [
        ColumnMemory(kind=kind, place=place, title=key, field=field, by=by, at=now)
        for key, field in keys.items()
        if key and not LONG.search(key)
    ]
    ColumnMemory.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["kind", "place", "title"], update_fields=["field", "by", "at"]
    )

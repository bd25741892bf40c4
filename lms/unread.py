"""What of a file was not read, and why, in words: columns that nobody needs or may not be collected, tables of another kind."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.models import ImportRun

NOT_NEEDED = lazy("用不到，没有读")


def why(title: str, resource: Any) -> str:
    """Why a column without a field was not read: as its kind says of such a title, else that it is of no use."""
    leaf = sheets.title_key(title.rpartition("/")[2])
    said = {sheets.title_key(name): sentence for names, sentence in getattr(resource, "unread", ()) for name in names}
    return str(said.get(leaf, NOT_NEEDED))


def tables(run: ImportRun) -> list[str]:
    """A sentence for each sheet in which a table of another kind stands under the one that was read."""
    found = []
    for sheet in run.reading.get("sheets", []):
        rows = [number for number, reason in sheet["skipped"] if reason == "other"]
        if rows:
            place = _("“%(sheet)s”第 %(row)s 行") if sheet["name"] else _("第 %(row)s 行")
            text = _("%(place)s起是另一张表，表头里没有要用的列，有 %(n)s 行没有读。要导入的，请补上表头再传。")
            found.append(text % {"place": place % {"sheet": sheet["name"], "row": rows[0]}, "n": len(rows)})
    return found

"""
What an admin may not expect of how a file was read, in words: columns that nobody needs or may not be collected, tables of another
kind, and columns that are hidden in the file and were read all the same.
"""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.models import ImportRun

NOT_NEEDED = lazy("用不到，没有读")


def why(title: str, resource: Any) -> str:
    """Why a column without a field was not read: as its kind says of such a title, else that it is of no use."""
    leaf = sheets.title_key(title.rpartition("/")[2])
    said = {sheets.title_key(name): sentence for names, sentence in resource.unread for name in names}
    return str(said.get(leaf, NOT_NEEDED))


def strange(run: ImportRun) -> list[str]:
    """All of it, and what the kind itself has to say of the whole file."""
    return [*tables(run), *hidden(run), *run.reading.get("said", [])]


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


def hidden(run: ImportRun) -> list[str]:
    """A sentence for each sheet that hides columns which were read, with their letters and what they were taken for."""
    found = []
    for sheet in run.reading.get("sheets", []):
        titles = {letter: title for letter, title, field in sheet["columns"] if field}
        told = [f"{letter}（{titles[letter]}）" for letter in sheet.get("hidden_columns", ()) if letter in titles]
        if told:
            place = _("“%s”里") % sheet["name"] if sheet["name"] else ""
            text = _("%(place)s有几列在表里是隐藏的，也读进来了：%(columns)s。不要的，请在“核对每一列”里选“不读”。")
            found.append(text % {"place": place, "columns": "、".join(told)})
    return found

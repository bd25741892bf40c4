"""What a kind of import declares: its columns by all the names they are met under, how each cell is judged, what a row would do.

django-import-export gives Resource, Field and Widget; what is added here is that a cell may be judged wrong in words and with a code,
that rows are judged with the whole file in view before anything is written, and that they are applied in chunks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as lazy
from import_export import fields, resources, widgets

from lms import sheets
from lms.models import ImportRun, Outcome
from lms.sheets.tables import SEQUENCE

ERROR, WARNING = "error", "warning"


@dataclass
class Note:
    """One remark on one cell. `column` is the sheet's letter, "" when the remark is on the row."""

    level: str
    code: str
    message: str
    column: str = ""


@dataclass
class Line:
    """One row on its way through the machine: where it stands, what it holds, what was found, what it would do."""

    sheet: str
    number: int
    cells: dict[str, sheets.Cell]
    letters: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    label: str = ""
    outcome: str = Outcome.UNCHANGED
    # what the preview shows of the row, masked: facts in the order of the kind's `fact_titles`, changes [[name, old, new], …]
    shown: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] | None = None

    def fault(self, code: str, message: Any, name: str = "") -> None:
        self.notes.append(Note(ERROR, code, str(message), self.letters.get(name, "")))

    def remark(self, code: str, message: Any, name: str = "") -> None:
        self.notes.append(Note(WARNING, code, str(message), self.letters.get(name, "")))

    def out_of_reach(self, message: str) -> None:
        """The row is not the uploader's to bring in; nothing else is said of it."""
        self.outcome = Outcome.OUT_OF_REACH
        self.notes.append(Note(WARNING, "out_of_reach", str(message)))

    @property
    def wrong(self) -> bool:
        return any(note.level == ERROR for note in self.notes)


class Judge(widgets.Widget):
    """A widget that may write remarks on the line it cleans; `row` is the Line."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return sheets.text(value)


class ColumnField(fields.Field):
    """A column: the field's name, the title it is exported under, and the other titles it is met under."""

    def __init__(self, title: str, *also: str, judge: Judge | None = None, **kwargs: Any) -> None:
        super().__init__(column_name=title, widget=judge or Judge(), **kwargs)
        self.titles = (title, *also)


class SheetResource(resources.Resource):
    """A kind of import. Subclasses declare ColumnFields, `kind`, `title`, `need`, and the three steps below."""

    kind = ""
    title: Any = ""
    # fields without which a header row is no header
    need: tuple[str, ...] = ()
    # for the screens: what a row is called, the titles of its facts, what the file must have, where the result can be seen
    # (name of a route, text of the link), and the kind that an admin brings in next
    label_title: Any = lazy("名称")
    fact_titles: tuple[Any, ...] = ()
    hint: Any = ""
    lead: tuple[str, Any] | None = None
    next_kind = ""

    @classmethod
    def allowed(cls, user: Any) -> bool:
        """Whether this user may bring in this kind at all."""
        return False

    @classmethod
    def missing(cls) -> str:
        """What must be there before this kind can come in, as one sentence; "" when it can."""
        return ""

    def columns(self) -> dict[str, ColumnField]:
        return {name: column for name, column in self.fields.items() if isinstance(column, ColumnField)}

    def aliases(self) -> dict[str, Sequence[str]]:
        return {SEQUENCE: ["序号", "编号", "NO"]} | {name: column.titles for name, column in self.columns().items()}

    def clean_line(self, line: Line) -> None:
        """Each cell through its column's widget; the values lie in `line.values` afterwards."""
        for name, column in self.columns().items():
            if name in line.cells:
                line.values[name] = column.widget.clean(line.cells[name], row=line, name=name)

    def prepare(self, *, actor: Any, now: datetime) -> None:
        """Fetch once what all rows are judged against. `actor` None is the command line, which reaches everything."""

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        """Give every line its outcome, remarks, label and plan, with the whole file in view. Writes nothing."""

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        """Refuse where the actor's roles no longer reach everything that these plans would touch."""

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> dict[int, str]:
        """
        Do what the plans say, inside the caller's transaction; doing it twice changes nothing more. Each plan is held against
        how things are now: where they are no longer as the preview saw them it is left out, and its index comes back with a sentence.
        """
        return {}

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        """Figures of this kind for the command line's JSON."""
        return {}

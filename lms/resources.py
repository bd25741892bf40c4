"""What a kind of import declares: its columns by all the names they are met under, how each cell is judged, what a row would do.

django-import-export gives Resource, Field and Widget; what is added here is that a cell may be judged wrong in words and with a code,
that rows are judged with the whole file in view before anything is written, and that they are applied in chunks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as lazy
from import_export import fields, resources, widgets

from lms import sheets
from lms.models import ImportRun, Outcome
from lms.sheets.tables import SEQUENCE

ERROR, WARNING = "error", "warning"
# of all rows that have let go of what they held, or never held any: one of each for a list of 100,000
NOTHING: dict[str, Any] = {}
NONE: tuple[Any, ...] = ()
# the columns that a file has when it comes back from us; they are written by `lms.annotated` and read by nobody
REASON, REMARK = "错误原因", "提醒"


@dataclass(slots=True)
class Note:
    """One remark on one cell. `column` is the sheet's letter, "" when the remark is on the row."""

    level: str
    code: str
    message: str
    column: str = ""


@dataclass
class Option:
    """One answer to what is asked of a person, and what the row would do then. A plan of None leaves the row out."""

    code: str
    label: str
    outcome: str
    plan: dict[str, Any] | None = None
    changes: Sequence[list[str]] = NONE


@dataclass
class Question:
    """What a row needs a person for. Where `taken` names an option the row goes in by that one unless another is chosen."""

    code: str
    text: str
    options: list[Option]
    taken: str = ""


@dataclass
class Applied:
    """What a chunk of plans did, by index: sentences of those left out because things have changed, and what undoing needs of the others."""

    overtaken: dict[int, str] = field(default_factory=dict)
    done: dict[int, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
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
    # equal for all rows of one person, grid or place; hashed before it is kept
    key: str = ""
    # path of the county that it would change something in
    area: str = ""
    question: Question | None = None

    def ask(self, question: Question) -> None:
        """Leave it to a person; where an option is taken already the line goes by it until they say otherwise."""
        self.question = question

    def fault(self, code: str, message: Any, name: str = "") -> None:
        self.notes.append(Note(ERROR, code, str(message), self.letters.get(name, "")))

    def remark(self, code: str, message: Any, name: str = "") -> None:
        self.notes.append(Note(WARNING, code, str(message), self.letters.get(name, "")))

    def out_of_reach(self, message: str) -> None:
        """The row is not the uploader's to bring in; nothing else is said of it."""
        self.outcome = Outcome.OUT_OF_REACH
        self.notes.append(Note(WARNING, "out_of_reach", str(message)))

    def let_go(self, *kept: str) -> None:
        """Free what the plan says by now, all but the values named: a list of 100,000 rows must find room."""
        self.cells = NOTHING
        self.values = {name: self.values[name] for name in kept if name in self.values} or NOTHING

    @property
    def wrong(self) -> bool:
        return any(note.level == ERROR for note in self.notes)


class Judge(widgets.Widget):
    """A widget that may write remarks on the line it cleans; `row` is the Line."""

    # how a spreadsheet is to keep this column in the template: as text, so that no number of a person loses its end
    number_format = "@"
    # whether an empty cell is a fault
    required = False

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return sheets.text(value)


class ColumnField(fields.Field):
    """
    A column: the field's name, the title it is exported under, and the other titles it is met under.

    For the template that is handed out: `samples` of the two example rows, `choices` of the list to pick from, `hint` for its page of hints.
    """

    def __init__(
        self,
        title: str,
        *also: str,
        judge: Judge | None = None,
        samples: tuple[str, str] = ("", ""),
        choices: Sequence[Any] = (),
        hint: Any = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(column_name=title, widget=judge or Judge(), **kwargs)
        self.titles = (title, *also)
        self.samples, self.choices, self.hint = samples, choices, hint


class SheetResource(resources.Resource):
    """A kind of import. Subclasses declare ColumnFields, `kind`, `title`, `need`, and the three steps below."""

    kind = ""
    # its place among the kinds: lists that others need come first
    order = 100
    title: Any = ""
    # fields without which a header row is no header
    need: tuple[str, ...] = ()
    # what rows may be asked: code → (how the filter names it, [(option that many rows share, what the button for all says), …])
    questions: dict[str, tuple[Any, list[tuple[str, Any]]]] = {}
    # fields whose blanks may mean the row above, where a person says so
    fillable: tuple[str, ...] = ()
    # for the screens: what a row is called, the titles of its facts, what the file must have, where the result can be seen
    # (name of a route, text of the link), and the kind that an admin brings in next
    label_title: Any = lazy("名称")
    fact_titles: tuple[Any, ...] = ()
    hint: Any = ""
    lead: tuple[str, Any] | None = None
    next_kind = ""
    # what taking a whole import back does to its rows
    undo_says: Any = lazy("新增的去掉，改过的改回原来的。")
    # titles that are met and are no column of this kind, with why they are not read
    unread: Sequence[tuple[tuple[str, ...], Any]] = ()
    # for the template: fields marked as needed beside `need`, and those that only an export of ours writes
    fill: tuple[str, ...] = ()
    only_exported: tuple[str, ...] = ()
    # where what is in the system comes out in the form of this kind (name of a route, text of the link)
    export: tuple[str, Any] | None = None

    @classmethod
    def allowed(cls, user: Any) -> bool:
        """Whether this user may bring in this kind at all."""
        return False

    @classmethod
    def missing(cls) -> str:
        """What must be there before this kind can come in, as one sentence; "" when it can."""
        return ""

    # the day of the judging, for what cannot be later; set before the lines are cleaned
    today: date

    @classmethod
    def lists(cls, user: Any) -> dict[str, list[str]]:
        """Field → what to pick from in the template of this user, where that depends on who asks."""
        return {}

    @classmethod
    def gazetteer(cls, user: Any) -> list[tuple[str, ...]]:
        """Places as this kind wants them written, a heading first, for a sheet of the template to copy from; [] for none."""
        return []

    @classmethod
    def place_named(cls, place: str) -> str:
        """What the territory with this path is called; "" where there is none."""
        return ""

    def columns(self) -> dict[str, ColumnField]:
        return {name: column for name, column in self.fields.items() if isinstance(column, ColumnField)}

    def aliases(self) -> dict[str, Sequence[str]]:
        return {SEQUENCE: ["序号", "编号", "NO"]} | {name: column.titles for name, column in self.columns().items()}

    def clean_line(self, line: Line) -> None:
        """Each cell through its column's widget; the values lie in `line.values` afterwards."""
        today = getattr(self, "today", None)
        for name, widget in self._widgets:
            if name in line.cells:
                line.values[name] = widget.clean(line.cells[name], row=line, name=name, today=today)

    @cached_property
    def _widgets(self) -> list[tuple[str, Any]]:
        return [(name, column.widget) for name, column in self.columns().items()]

    def prepare(self, *, actor: Any, now: datetime) -> None:
        """Fetch once what all rows are judged against. `actor` None is the command line, which reaches everything."""

    def judge_alone(self, line: Line) -> None:
        """What a cleaned row says by itself, for kinds of which a file may be large: what it needs no more it can let go."""

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        """Give every line its outcome, remarks, label and plan, with the whole file in view. Writes nothing."""

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        """Refuse where the actor's roles no longer reach everything that these plans would touch."""

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        """
        Do what the plans say, inside the caller's transaction; doing it twice changes nothing more. Each plan is held against
        how things are now: where they are no longer as the preview saw them it is left out, and its index comes back with a sentence.
        """
        return Applied()

    # --- what goes with a whole file -----------------------------------------------------------------------------------

    def absent(self, lines: Sequence[Line]) -> list[Line]:
        """What is known in the places this file speaks of and does not stand in it: listed for a decision, never touched."""
        return []

    def said(self, lines: Sequence[Line]) -> list[str]:
        """Sentences on the file as a whole, over the preview: what is fine in each row and strange in all of them."""
        return []

    def known_in(self, areas: Sequence[str]) -> dict[str, int]:
        """How many known ones each area holds: a file that would change more than a tenth of them is asked about again."""
        return {}

    # --- taking back ---------------------------------------------------------------------------------------------------

    def standing(self, done: Sequence[dict[str, Any]]) -> dict[int, str]:
        """Index → sentence for each act on which later facts stand, so that it cannot be taken back. Writes nothing."""
        return {}

    def undo(self, done: Sequence[dict[str, Any]], *, run: ImportRun, by: Any, now: datetime) -> dict[int, str]:
        """
        Take the acts back inside the caller's transaction, given newest first, from the values kept before them; those of
        `standing` stay, and their index comes back with the sentence.
        """
        return self.standing(done)

    # --- where it belongs ----------------------------------------------------------------------------------------------

    @classmethod
    def place_of(cls, user: Any) -> str:
        """The path of the territory in whose name this user brings something in."""
        return ""

    @classmethod
    def remembered_for(cls, place: str) -> str:
        """The path of the territory that shares what was said of a column's title."""
        return place

    @classmethod
    def seen_by(cls, user: Any) -> Q:
        """The runs of this kind, beside their own, that a user may see and undo."""
        return Q(pk__in=[])

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        """Figures of this kind for the command line's JSON."""
        return {}

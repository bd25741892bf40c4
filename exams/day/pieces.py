"""
The paper's page, joined from pieces. Templates are rendered once for each exam and process, with marks where something differs from
person to person; a request only fills the marks in. Rendering fifty questions anew for everybody would cost two hundred times as much.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from exams.before import papers, questions
from exams.day import rescue_keys
from exams.models import Exam
from lms import times
from lms.context import Display

if TYPE_CHECKING:
    from exams.day.saving import Sat, Standing
    from exams.day.sheets import Item

# two signs of the private use area, which no text of ours holds
MARK = re.compile("\ue000(\\w+)\ue001")
CHECKED = " checked"


class Marks:
    """`{{ mark.left }}` in a template leaves a mark named left."""

    def __getitem__(self, name: str) -> str:
        return mark_safe(f"\ue000{name}\ue001")


class Piece:
    """Rendered text with marks in it."""

    def __init__(self, text: str) -> None:
        self.texts = MARK.split(text)  # every second is the name of a mark
        self.names = self.texts[1::2]

    def fill(self, values: Mapping[str, Any]) -> str:
        filled = self.texts.copy()
        filled[1::2] = [values[name] for name in self.names]
        return "".join(filled)


def render(template: str, context: dict[str, Any]) -> Piece:
    return Piece(render_to_string(template, {**context, "mark": Marks()}))


class Options(dict[tuple[int, int, bool], str]):
    """Options as they read at a place: (place, index, whether chosen) → text. There are few of them, so each is filled once."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = pieces

    def __missing__(self, key: tuple[int, int, bool]) -> str:
        place, index, chosen = key
        values = {"letter": questions.LETTERS[place], "checked": CHECKED if chosen else ""}
        self[key] = self.pieces[index].fill(values)
        return self[key]


@dataclass
class Asked:
    """One question: the piece around it, and its options."""

    piece: Piece
    options: Options
    written: bool


@dataclass
class Parts:
    """All pieces of one exam's page."""

    exam: Exam
    sections: list[Piece]
    asked: dict[int, Asked]
    place: dict[int, int]  # item → its section
    pictured: bool = False  # whether a question has a picture
    shells: dict[Display, Piece] = field(default_factory=dict)

    def shell(self, display: Display) -> Piece:
        """What stands around the questions, in the look this person chose."""
        if display not in self.shells:
            context = {"exam": self.exam, "display": display, "rescue_key": rescue_keys.public_key()}
            context["pictured"] = self.pictured
            self.shells[display] = render("exams/paper.html", context)
        return self.shells[display]


def cut(exam: Exam, items: Iterable["Item"]) -> Parts:
    headings = [papers.heading(place, section) for place, section in enumerate(exam.sections)]
    sections = [render("exams/_section.html", {"heading": heading}) for heading in headings]
    asked, place, pictured = {}, {}, False
    for item in items:
        face = questions.face(item.kind)
        context = {"item": item, "face": face, "longest": questions.LONGEST}
        options = [
            render("exams/_option.html", {**context, "index": index, "text": text})
            for index, text in enumerate(item.content["options"])
        ]
        asked[item.pk] = Asked(render("exams/_asked.html", context), Options(options), item.written)
        place[item.pk] = item.section
        pictured = pictured or "picture" in item.content
    return Parts(exam, sections, asked, place, pictured)


def page(
    parts: Parts, sat: "Sat", standing: Iterable["Standing"], *, values: Mapping[str, Any], display: Display
) -> str:
    """The whole page: questions and options in this person's order, with what was answered."""
    answers = {one.item_id: one for one in standing}
    flags, words = set(sat.flags), (_("已保存 %s"), _("还没有作答"))
    groups: list[list[str]] = [[] for _section in parts.sections]
    for number, (item_id, order) in enumerate(sat.paper, 1):
        text = _question(parts.asked[item_id], number, order, answers.get(item_id), item_id in flags, words)
        groups[parts.place[item_id]].append(text)
    sections = [
        piece.fill({"questions": "".join(group)}) for piece, group in zip(parts.sections, groups, strict=True) if group
    ]
    return parts.shell(display).fill({**values, "sections": "".join(sections)})


def _question(
    asked: Asked, number: int, order: list[int], answer: "Standing | None", flagged: bool, words: tuple[str, str]
) -> str:
    stored, saved, nothing = answer.value if answer else "", *words
    if asked.written:
        body = str(escape(stored))
    else:
        chosen, options = questions.CHOSEN.unpack(stored), asked.options
        body = "".join([options[place, index, index in chosen] for place, index in enumerate(order)])
    return asked.piece.fill(
        {
            "number": str(number),
            "seq": str(answer.seq if answer else 0),
            "flagged": CHECKED if flagged else "",
            "body": body,
            "state": saved % times.clock(answer.saved_at) if answer else nothing,
        }
    )

"""One small face for all kinds of question: how it is asked, what fits as an answer, how that is kept and read back."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from exams.models import QuestionKind
from lms.refusal import Refused

LETTERS = "ABCDEFGHIJ"
LONGEST = 3000  # characters of a written answer
Value = list[int] | str

STALE_PAGE = gettext_lazy("页面上的选项和试卷对不上，这次改动没有保存，请刷新页面后再选。")


@dataclass(frozen=True)
class Choice:
    """Options to choose from. `value` is the sorted list of chosen indexes into the frozen options; [] is no answer."""

    rule: Any
    most: int | None = None
    shuffles: bool = True
    control: str = "radio"

    def order(self, content: dict, chance: Random) -> list[int]:
        order = list(range(len(content["options"])))
        if self.shuffles:
            chance.shuffle(order)
        return order

    def clean(self, value: Any, content: dict) -> list[int]:
        """The answer as it may be kept; refuses what no page of ours would send."""
        if not isinstance(value, list) or not all(type(index) is int for index in value):
            raise Refused(str(STALE_PAGE), code="unfit")
        chosen = sorted(set(value))
        if chosen and not 0 <= chosen[0] <= chosen[-1] < len(content["options"]):
            raise Refused(str(STALE_PAGE), code="unfit")
        if self.most and len(chosen) > self.most:
            raise Refused(_("这道题只能选一项，这次改动没有保存，请重新选。"), code="unfit")
        return chosen

    def read(self, posted: list[str]) -> Any:
        """What a plain form sent, as `clean` takes it."""
        return [int(text) if text.isdecimal() and len(text) < 3 else -1 for text in posted]

    def pack(self, value: Any) -> str:
        return json.dumps(value) if value else ""

    def unpack(self, text: str) -> list[int]:
        return json.loads(text) if text else []


def line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True)
class Words:
    """Free text, kept as it was typed but for line ends."""

    rule: Any
    control: str = "text"

    def order(self, content: dict, chance: Random) -> list[int]:
        return []

    def clean(self, value: Any, content: dict) -> str:
        if not isinstance(value, str):
            raise Refused(str(STALE_PAGE), code="unfit")
        text = line_ends(value)
        if len(text) > LONGEST:
            raise Refused(
                _("这道题最多写 %(most)d 字，现在有 %(now)d 字，请删短一些，才能保存。")
                % {"most": LONGEST, "now": len(text)},
                code="unfit",
            )
        if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise Refused(_("答案里有无法保存的特殊符号，请删掉后再写。"), code="unfit")
        return text

    def read(self, posted: list[str]) -> Any:
        return line_ends(posted[0]) if posted else ""  # browsers send \r\n; unread, it would look changed each time

    def pack(self, value: Any) -> str:
        return value if value.strip() else ""

    def unpack(self, text: str) -> str:
        return text


Face = Choice | Words
FACES: dict[str, Face] = {
    QuestionKind.SINGLE: Choice(gettext_lazy("每题只有一个正确答案"), most=1),
    QuestionKind.MULTIPLE: Choice(
        gettext_lazy("每题有两个或两个以上正确答案，错选不得分，少选每个选项得0.5分"), control="checkbox"
    ),
    QuestionKind.TRUE_FALSE: Choice(gettext_lazy("对的选“对”，错的选“错”"), most=1, shuffles=False),
    QuestionKind.CASE: Words(gettext_lazy("结合材料，用自己的话回答，由小教员按要点评分")),
}
# how a choice of any kind is kept
CHOSEN = FACES[QuestionKind.SINGLE]


def face(kind: str) -> Face:
    return FACES[kind]

"""Data of people that leaves as a file: who took it, when, from where and what for, on the file itself and in the log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import audit
from lms.refusal import Refused

REASONS = {
    "manage": lazy("日常管理"),
    "train": lazy("组织培训、考试"),
    "assess": lazy("考核、公示"),
    "return": lazy("上级要求报送"),
    "check": lazy("与公安、人社等部门核对身份"),
    "insure": lazy("办理保险、补贴发放"),
    "repair": lazy("更正名册里的身份证号或手机号"),
}
# a header of a printed page holds 255 characters, its own signs among them
LONGEST = 240


@dataclass(frozen=True)
class Mark:
    """What stands on a file that left."""

    who: str
    at: datetime
    place: str = ""
    reason: str = ""
    more: str = ""

    @property
    def line(self) -> str:
        made = _("%(who)s %(at)s 从网格学堂导出") % {
            "who": self.who,
            "at": date_format(timezone.localtime(self.at), "Y年n月j日 H:i"),
        }
        what_for = _("用途：%s") % REASONS[self.reason] if self.reason else ""
        return " · ".join(part for part in (made, self.place, self.more, what_for) if part)


def mark(by: Any, *, now: datetime, place: str = "", reason: str = "", more: str = "") -> Mark:
    """Name and sign-in number, so that two of one name are told apart. Refuses a reason that is none of ours."""
    if reason and reason not in REASONS:
        raise Refused(_("请先选用途，再导出。"))
    who = _("%(name)s（%(number)s）") % {"name": by.name, "number": by.username} if by.name else by.username
    return Mark(who, now, place, reason, more)


def stamp(book: Any, given: Mark) -> None:
    """Write the mark into the properties of a workbook."""
    book.properties.creator = book.properties.lastModifiedBy = given.who
    book.properties.title = book.properties.description = given.line
    book.properties.created = book.properties.modified = timezone.localtime(given.at).replace(tzinfo=None)


def foot(page: Any, given: Mark) -> None:
    """Write the mark under each printed page."""
    page.oddFooter.left.text, page.oddFooter.right.text = given.line[:LONGEST].replace("&", "&&"), "&P / &N"


def note(by: Any, *, kind: str, rows: int, reason: str, now: datetime, **more: Any) -> None:
    """One line of the log for each file with people in it."""
    audit.note("personal.exported", now=now, actor=by, kind=kind, rows=rows, reason=reason, **more)

"""
The fields of a worker's file that a hand may change, and what may stand in each.

A value is kept as JSON holds it: text, a number, None; dates in ISO form. `read` makes it of what somebody wrote, `text_of` writes
it so that `read` reads it again, `shown` is what a screen says, with numbers masked.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms.refusal import Refused
from roster import identity
from roster.identity.cleaning import plain
from roster.judges import SENTENCES
from roster.models import PostBand, Worker

# in the order of the form
FIELDS = (
    "name",
    "sex",
    "id_number",
    "mobile",
    "employment",
    "identity",
    "position",
    "channel",
    "recruited_by",
    "employer",
    "managed_by",
    "joined_on",
    "education",
    "political_status",
    "certificate",
    "certificate_level",
    "certificate_number",
    "certificate_expires_on",
    "post",
    "step",
)
# what only lists say of somebody, and no hand changes
LISTED = ("listed_as_mentor", "listed_agreement", "listed_grade")
REQUIRED = frozenset({"name", "employment"})
NUMBERS = frozenset({"id_number", "mobile"})
DATES = frozenset({"joined_on", "certificate_expires_on"})


def label(name: str) -> str:
    return str(Worker._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def value_of(worker: Worker, name: str) -> Any:
    """What a field holds now, as JSON: a date of joining with how finely it is known."""
    if name == "joined_on":
        return [worker.joined_on.isoformat(), worker.joined_precision or "day"] if worker.joined_on else None
    if name == "post":
        return worker.post_id
    held = getattr(worker, name)
    return held.isoformat() if isinstance(held, date) else held


def listed(worker: Worker) -> list[tuple[str, str]]:
    """(Label, words) of what only the lists of a county say of somebody, where they say something."""
    return [(label(name), shown(name, held)) for name in LISTED if (held := value_of(worker, name))]


def read(name: str, raw: Any) -> Any:
    """The value that somebody means by what they wrote in a field. Refuses in the words of the lists, with the field as code."""
    if name not in FIELDS:
        raise Refused(_("这一项不能在这里改，请刷新页面再试。"))
    value = _READERS.get(name, _text)(name, raw)
    if name in REQUIRED and not value:
        raise Refused(_("“%(field)s”不能空着，请填上。") % {"field": label(name)}, code=name)
    return value


def _fault(name: str, codes: tuple[str, ...]) -> None:
    if codes:
        sentence = _INSTEAD.get(codes[0]) or SENTENCES[codes[0]]
        raise Refused(str(sentence), code=name)


def _name(name: str, raw: Any) -> str:
    found = identity.person_name(raw)
    _fault(name, found.codes)
    return _short(name, found.value)


def _id_number(name: str, raw: Any) -> str:
    found = identity.id_number(raw, today=timezone.localdate())
    _fault(name, found.codes)
    return found.value


def _mobile(name: str, raw: Any) -> str:
    found = identity.mobile(raw)
    if found.codes or found.others or found.landlines:
        raise Refused(_("手机号要填 11 位数字，只填一个。请核对后重新填。"), code=name)
    return found.first


def _joined(name: str, raw: Any) -> list[str] | None:
    found = identity.when(raw)
    if found.codes:
        raise Refused(_("日期看不懂。请写成 2024年7月1日 或 2024年7月 这样。"), code=name)
    if found.date and found.date > timezone.localdate():
        raise Refused(_("上岗时间还没有到，请核对年份。"), code=name)
    return [found.date.isoformat(), found.precision] if found.date else None


def _day(name: str, raw: Any) -> str | None:
    found = identity.when(raw)
    if found.codes or (found.date and found.precision != "day"):
        raise Refused(_("日期要写到哪一天，例如 2027年6月30日。请照证书填写。"), code=name)
    return found.date.isoformat() if found.date else None


def _choice(name: str, raw: Any) -> str:
    value = str(raw or "")
    if value and value not in dict(Worker._meta.get_field(name).choices or ()):  # type: ignore[union-attr]
        raise Refused(_("“%(field)s”没有这一项，请重新选。") % {"field": label(name)}, code=name)
    return value


def _post(name: str, raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    found = PostBand.objects.filter(pk=raw if str(raw).isdecimal() else 0).first()
    if found is None:
        raise Refused(_("没有这个岗位，请重新选。"), code=name)
    return found.pk


def _step(name: str, raw: Any) -> int | None:
    shown = plain(raw).removesuffix("级")
    if not shown:
        return None
    if not shown.isdecimal() or not 1 <= int(shown[:3]) <= 18:
        raise Refused(_("级要填 1 到 18 之间的整数。请核对后重新填。"), code=name)
    return int(shown)


def _text(name: str, raw: Any) -> str:
    return _short(name, plain(raw))


def _short(name: str, value: str) -> str:
    longest = Worker._meta.get_field(name).max_length or 0  # type: ignore[union-attr]
    if len(value) > longest:
        raise Refused(_("“%(field)s”最多 %(n)d 个字，请写短一些。") % {"field": label(name), "n": longest}, code=name)
    return value


_INSTEAD = {"name_missing": lazy("请填姓名。")}
_READERS: dict[str, Callable[[str, Any], Any]] = {
    "name": _name,
    "id_number": _id_number,
    "mobile": _mobile,
    "joined_on": _joined,
    "certificate_expires_on": _day,
    "post": _post,
    "step": _step,
    **dict.fromkeys(("sex", "employment", "identity", "channel", "certificate_level"), _choice),
}


# --- words ------------------------------------------------------------------------------------------------------------


def text_of(name: str, value: Any) -> str:
    """A value as text that `read` reads back."""
    if name == "joined_on":
        return _partial(value)
    return "" if value is None else str(value)


def shown(name: str, value: Any, names: Mapping[tuple[str, Any], str] | None = None) -> str:
    """What a screen says of a value; ID and telephone numbers masked. `names` are what `files.names_of` gives."""
    if value in (None, "", []):
        return _("没有登记")
    if name == "id_number":
        return identity.mask_id(value)
    if name == "mobile":
        return identity.mask_mobile(value)
    if name == "telephones":
        return "、".join(identity.mask_mobile(number) for number in value)
    if name == "joined_on":
        return _partial(value)
    if name in {"post", "post_id", "township", "township_id"}:
        return (names or {}).get((name, value), _("另一个"))
    if name == "step":
        return _("%d 级") % value
    if name in DATES:
        return date_format(date.fromisoformat(value))
    field = Worker._meta.get_field(name)
    return str(dict(field.flatchoices).get(value, value) if field.choices else value)  # type: ignore[union-attr]


def _partial(value: Any) -> str:
    """A date of joining, no finer than it is known; imports keep the day alone."""
    if not value:
        return ""
    day, precision = (value, "day") if isinstance(value, str) else value
    pattern = {"year": "Y年", "month": "Y年n月"}.get(precision, "Y年n月j日")
    return date_format(date.fromisoformat(day), pattern)


def told(name: str, text: str, names: Mapping[tuple[str, Any], str] | None = None) -> str:
    """What a screen says of a value that is kept as text, as corrections do."""
    if not text or name == "joined_on":
        return text or _("没有登记")
    return shown(name, int(text) if name in {"post", "step"} else text, names)

"""Widgets of the roster's imports: each hands a cell to `roster.identity` and writes what was found on the line, in plain words."""

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from lms import sheets
from lms.resources import Judge
from roster import identity
from roster.identity.cleaning import plain

NUMBER = re.compile(r"W\d+")

# what a worker of the county reads; the codes are what programs read
SENTENCES = {
    "id_number_truncated": _("身份证号被表格存成了数字，后几位已丢失。请把这一列设为文本，照证件重新填写。"),
    "id_check_digit": _("身份证号的校验位不对，可能有一位填错了。请照证件核对。"),
    "id_birth_date": _("身份证号里的出生日期不存在。请照证件核对。"),
    "id_format": _("身份证号不是 18 位。请照证件核对。"),
    "name_missing": _("没有姓名。"),
    "name_format": _("姓名里有不该有的字符。请核对。"),
    "date_ambiguous": _("日期被表格存成了数字，分不清是 1 月还是 10 月，先只记年份。请核对后更正。"),
    "date_format": _("日期看不懂，先空着。请写成 2024年7月1日 这样。"),
    "mobile_format": _("手机号不是 11 位，先空着。没有手机号的人用登录号登录。"),
    "id_converted": _("15 位旧身份证号已换算成 18 位。"),
    "id_age": _("按身份证号，年龄不在 16 到 80 岁之间。请核对。"),
    "sex_differs": _("性别和身份证号对不上。请核对是哪一个填错了。"),
    "name_rare": _("姓名里有系统字库之外的字，请核对显示是否正确。"),
    "employment_unknown": _("看不出是专职还是兼职。请写“专职”或“兼职”。"),
}


class IdNumberJudge(Judge):
    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> identity.IdNumber:
        # an export of ours; the resource asks for the roster's number beside it
        if identity.starred(sheets.text(value)):
            return identity.IdNumber(original=sheets.text(value))
        found = identity.id_number(value, today=kwargs.get("today"))
        for code in found.codes:
            row.fault(code, SENTENCES[code], name)
        for code in found.notes:
            row.remark(code, SENTENCES[code], name)
        return found


class NumberJudge(Judge):
    """The roster's own number, W000123; what is written otherwise is no number of ours."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        shown = super().clean(value).strip().upper()
        if shown and not NUMBER.fullmatch(shown):
            row.remark("number_format", _("登录号应该是 W 加 6 位数字，这一格没有读。"), name)
            return ""
        return shown


class NameJudge(Judge):
    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        found = identity.person_name(value)
        for code in found.codes:
            row.fault(code, SENTENCES[code], name)
        for code in found.notes:
            row.remark(code, SENTENCES[code], name)
        return found.value


class MobileJudge(Judge):
    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> identity.Mobile:
        if "****" in sheets.text(value):  # an export of ours: what is masked is no news
            return identity.Mobile()
        found = identity.mobile(value)
        for code in found.codes:
            row.remark(code, SENTENCES[code], name)
        return found


class DateJudge(Judge):
    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> identity.PartialDate:
        found = identity.when(value)
        for code in found.codes:
            row.remark(code, SENTENCES[code], name)
        return found


class TermJudge(Judge):
    """A column of few words. Keeps the known value, or the written text where `keep_text` is set."""

    def __init__(self, vocabulary: Any, *, keep_text: bool = False) -> None:
        super().__init__()
        self.vocabulary, self.keep_text = vocabulary, keep_text

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        term = self.vocabulary(value)
        return term.text if self.keep_text else term.value


class StepJudge(Judge):
    """A step of the ladder, 1 to 18, a post, or both; anything else is left out with a remark."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> identity.Standing:
        found = identity.standing(value)
        if found.unread:
            row.remark("step_format", _("岗位等级应该是 1 到 18 的整数，这一格没有读。"), name)
        return found


class PlainJudge(Judge):
    """Text as it is written, without what is only a sign of nothing (无, —)."""

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        return plain(value)


class WholeNumberJudge(Judge):
    number_format = "0"

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> int | None:
        shown = super().clean(value)
        if not shown:
            return None
        if not shown.isdecimal() or int(shown) > 1_000_000:
            row.fault("number_format", _("这里要填一个整数。"), name)
            return None
        return int(shown)


class RequiredJudge(Judge):
    """Text that must be there."""

    required = True

    def __init__(self, code: str, sentence: Any, *, longest: int = 0) -> None:
        super().__init__()
        self.code, self.sentence, self.longest = code, sentence, longest

    def clean(self, value: Any, row: Any = None, name: str = "", **kwargs: Any) -> str:
        shown = super().clean(value)
        if not shown:
            row.fault(self.code, self.sentence, name)
        elif self.longest and len(shown) > self.longest:
            row.fault("too_long", _("这一格最多 %s 个字。请缩短后重新上传。") % self.longest, name)
        return shown

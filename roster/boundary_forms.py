"""Forms of what becomes of divisions and grids. They clean; the verbs decide."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from roster.boundaries import Act
from roster.models import Grid, Territory, User, Worker
from roster.splitting import Part

CODE = r"^\d{6,12}$"
MOST_PARTS = 6


class DayForm(forms.Form):
    """From which day."""

    on = forms.DateField(
        label=lazy("生效日期"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": lazy("请填生效日期。"), "invalid": lazy("日期写成 2026-09-01 这样。")},
    )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on.year < 2000:
            raise ValidationError(_("年份不对，请填 2000 年以后的日期。"))
        return on


class ActForm(DayForm):
    """From which day, by which document, and why; the three that every change of divisions carries."""

    document = forms.CharField(
        label=lazy("文号"),
        required=False,
        max_length=60,
        help_text=lazy("例如：咸安政函〔2026〕12号。没有文号的，写明原因。"),
    )
    reason = forms.CharField(label=lazy("原因"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("document") and not data.get("reason"):
            self.add_error("document", _("请写明文号，没有文号的写明原因。"))
        return data

    def act(self, *, by: User, now: Any) -> Act:
        data = self.cleaned_data
        return Act(on=data["on"], by=by, now=now, document=data["document"], reason=data["reason"])


NAME, NUMBER = lazy("名称"), lazy("区划代码")


def name_field(label: Any = NAME, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=60, error_messages={"required": lazy("请填名称。")}, **more)


def code_field(label: Any = NUMBER, **more: Any) -> forms.RegexField:
    words = {"required": lazy("请填区划代码。"), "invalid": lazy("区划代码是 6 到 12 位数字，请核对。")}
    return forms.RegexField(CODE, label=label, error_messages=words, **more)


class RenameForm(ActForm):
    name = name_field()
    code = code_field(help_text=lazy("代码没有变的，照原样留着。"))
    field_order = ["name", "code", "on", "document", "reason"]


class MergeForm(ActForm):
    """Which places, which of them goes on ("" for none), and what the one is called."""

    places = forms.MultipleChoiceField(error_messages={"required": lazy("请勾选两个以上要合并的。")})
    into = forms.ChoiceField(error_messages={"required": lazy("请选保留哪一个，或者选“都不保留”。")})
    name = name_field(lazy("合并以后的名称"), required=False)
    code = code_field(lazy("合并以后的区划代码"), required=False)
    hand_over = forms.BooleanField(required=False)  # ticked on the preview

    def __init__(self, *args: Any, children: Sequence[Territory], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.children = {str(child.pk): child for child in children}
        choices = [(pk, child.name) for pk, child in self.children.items()]
        self.fields["places"].choices = choices  # type: ignore[attr-defined]
        self.fields["into"].choices = [*choices, ("new", "")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        chosen, into = data.get("places") or [], data.get("into")
        if chosen and len(chosen) < 2:
            self.add_error("places", _("请勾选两个以上要合并的。"))
        if into and into != "new" and chosen and into not in chosen:
            self.add_error("into", _("保留的那一个也要勾选在合并里。"))
        if into == "new" and not (data.get("name") and data.get("code")):
            self.add_error("name", _("都不保留的，请填新的名称和区划代码。"))
        return data

    def merging(self) -> dict[str, Any]:
        """The arguments of the verb."""
        data = self.cleaned_data
        return {
            "places": [self.children[pk] for pk in data["places"]],
            "into": self.children.get(data["into"]),
            "name": data["name"],
            "code": data["code"],
        }


class PartsForm(ActForm):
    """Names and codes of the parts that a place becomes, and for every piece of it the part it goes to."""

    piece = ""  # what its fields are called by
    each: Any = ""

    def __init__(self, *args: Any, place: Territory, pieces: Sequence[Any], parts: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pieces, self.numbers = list(pieces), range(1, parts + 1)
        for number in self.numbers:
            own = {"name": place.name, "code": place.code} if number == 1 else {}
            self.fields[f"name-{number}"] = name_field(initial=own.get("name"))
            self.fields[f"code-{number}"] = code_field(initial=own.get("code"))
        choices = [(str(number), str(number)) for number in self.numbers]
        words = {"required": self.each}
        for one in self.pieces:
            self.fields[f"{self.piece}-{one.pk}"] = forms.ChoiceField(
                choices=choices, initial="1", error_messages=words
            )

    def cut(self) -> list[tuple[int, str, str, tuple[int, ...]]]:
        """Number, name, code and the ids of the pieces of each part."""
        data = self.cleaned_data
        return [
            (
                number,
                data[f"name-{number}"].strip(),
                data[f"code-{number}"],
                tuple(one.pk for one in self.pieces if data[f"{self.piece}-{one.pk}"] == str(number)),
            )
            for number in self.numbers
        ]

    def heads(self) -> list[tuple[int, Any, Any]]:
        return [(number, self[f"name-{number}"], self[f"code-{number}"]) for number in self.numbers]

    def rows(self) -> list[tuple[Any, Any]]:
        return [(one, self[f"{self.piece}-{one.pk}"]) for one in self.pieces]


class SplitForm(PartsForm):
    """A community that is split by its grids."""

    piece, each = "grid", lazy("每个网格都要分到一个里。")

    def parts(self) -> list[Part]:
        return [Part(name, code, grids) for _number, name, code, grids in self.cut()]


class AssignForm(DayForm):
    """Beside each grid who is to take charge: a roster number or a name of the township, several with 、 between them."""

    def __init__(self, *args: Any, grids: Sequence[Grid], workers: Sequence[Worker], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grids, self.workers = list(grids), list(workers)
        self.fields["on"].label = _("开始负责的日期")
        for grid in self.grids:
            self.fields[f"grid-{grid.pk}"] = forms.CharField(required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.pairs: list[tuple[Worker, Grid]] = []
        for grid in self.grids:
            name = f"grid-{grid.pk}"
            try:
                self.pairs += [(worker, grid) for worker in self.meant(data.get(name) or "")]
            except ValidationError as error:
                self.add_error(name, error)
        if not self.pairs and not self.errors:
            raise ValidationError(_("还没有选人。请在网格旁边填上要指派的人。"))
        return data

    def meant(self, text: str) -> list[Worker]:
        """The workers that a cell names."""
        found = []
        for word in [part.strip() for part in re.split("[、，,；;]", text) if part.strip()]:
            number = re.search(r"[Ww]\d+", word)
            wanted = number[0].upper() if number else word
            fitting = [worker for worker in self.workers if wanted in (worker.number, worker.name)]
            if len(fitting) != 1:
                if fitting:
                    raise ValidationError(_("有几个人叫%s，请写登录号。") % word)
                raise ValidationError(_("这个乡镇（街道）的名册里没有“%s”，请从提示的名单里选。") % word)
            found += fitting
        return found

    def rows(self) -> list[tuple[Grid, Any]]:
        return [(grid, self[f"grid-{grid.pk}"]) for grid in self.grids]


class RenumberForm(DayForm):
    """Beside each grid of a community its new number, and a code where it is not to follow the number."""

    def __init__(self, *args: Any, grids: Sequence[Grid], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.grids = list(grids)
        words = {"required": _("请填编号。"), "invalid": _("编号是一个整数。")}
        words |= {"min_value": _("编号从 1 开始。"), "max_value": _("编号最大到 999。")}
        for grid in self.grids:
            self.fields[f"number-{grid.pk}"] = forms.IntegerField(
                initial=grid.ordinal, min_value=1, max_value=999, required=bool(grid.ordinal), error_messages=words
            )
            self.fields[f"code-{grid.pk}"] = forms.CharField(required=False, max_length=30)

    def wanted(self) -> dict[int, tuple[int, str]]:
        data = self.cleaned_data
        return {
            grid.pk: (data[f"number-{grid.pk}"], data[f"code-{grid.pk}"].strip())
            for grid in self.grids
            if data[f"number-{grid.pk}"]
        }

    def rows(self) -> list[tuple[Grid, Any, Any]]:
        return [(grid, self[f"number-{grid.pk}"], self[f"code-{grid.pk}"]) for grid in self.grids]


class PiecesForm(DayForm):
    """Households and people of the grids that a grid is split into."""

    def __init__(self, *args: Any, parts: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.numbers = range(1, parts + 1)
        words = {
            "invalid": _("这里要填一个整数。"),
            "min_value": _("这里不能是负数。"),
            "max_value": _("数太大了，请核对。"),
        }
        for number in self.numbers:
            for name in ("households", "population"):
                self.fields[f"{name}-{number}"] = forms.IntegerField(
                    required=False, min_value=0, max_value=1_000_000, error_messages=words
                )

    def rows(self) -> list[tuple[int, Any, Any]]:
        return [(number, self[f"households-{number}"], self[f"population-{number}"]) for number in self.numbers]

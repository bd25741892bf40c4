"""Forms of what becomes of townships: split, and communities moved to another. They clean; the verbs decide."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from roster.boundary_forms import ActForm, PartsForm, code_field
from roster.following import Standing
from roster.models import Territory
from roster.townships import Part, TownshipPlan


class TownshipSplitForm(PartsForm):
    """A township that is split by its communities."""

    piece, each = "community", lazy("每个村（社区）都要分到一个里。")

    def parts(self, people: dict[int, int] | None = None) -> list[Part]:
        """`people` says by worker the number of the part, where an admin has said it."""
        put = people or {}
        return [
            Part(name, code, places, tuple(worker for worker, chosen in put.items() if chosen == number))
            for number, name, code, places in self.cut()
        ]


class PeopleForm(forms.Form):
    """For every worker whom grids do not place the part they go to: the one that keeps the code, where nothing else is said."""

    def __init__(self, *args: Any, plan: TownshipPlan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people, self.shares = plan.asked, list(enumerate(plan.shares, 1))
        kept = next((str(number) for number, share in self.shares if share.itself), None)
        choices = [(str(number), share.name) for number, share in self.shares]
        words = {"required": _("请给每个人选一个乡镇（街道）。")}
        for one in self.people:
            self.fields[f"worker-{one.worker.pk}"] = forms.ChoiceField(
                choices=choices, initial=kept, error_messages=words
            )

    def chosen(self) -> dict[int, int]:
        return {one.worker.pk: int(self.cleaned_data[f"worker-{one.worker.pk}"]) for one in self.people}

    def rows(self) -> list[tuple[Standing, Any]]:
        return [(one, self[f"worker-{one.worker.pk}"]) for one in self.people]


class MoveForm(ActForm):
    """Which communities, to which township, and a new code for those that get one."""

    communities = forms.MultipleChoiceField(error_messages={"required": lazy("请勾选要划走的村（社区）。")})
    to = forms.ChoiceField(
        label=lazy("划到哪个乡镇（街道）"), error_messages={"required": lazy("请选要划到的乡镇（街道）。")}
    )

    def __init__(
        self, *args: Any, communities: Sequence[Territory], targets: Sequence[Territory], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.places = {str(one.pk): one for one in communities}
        self.targets = {str(one.pk): one for one in targets}
        self.fields["communities"].choices = [(pk, one.name) for pk, one in self.places.items()]  # type: ignore[attr-defined]
        self.fields["to"].choices = [("", _("请选")), *grouped(targets)]  # type: ignore[attr-defined]
        for pk, one in self.places.items():
            label = _("%s的新代码") % one.name
            self.fields[f"code-{pk}"] = code_field(label, required=False)

    def moving(self) -> dict[str, Any]:
        """The arguments of the verb."""
        data = self.cleaned_data
        chosen = [self.places[pk] for pk in data["communities"]]
        codes = {one.pk: code for one in chosen if (code := data[f"code-{one.pk}"])}
        return {"communities": chosen, "to": self.targets[data["to"]], "codes": codes}

    def rows(self) -> list[tuple[Territory, Any]]:
        return [(one, self[f"code-{pk}"]) for pk, one in self.places.items()]


def grouped(targets: Sequence[Territory]) -> list[Any]:
    """The choices under their counties, where there are several."""
    choices = [
        (str(county), [(str(one.pk), one.name) for one in places])
        for county, places in groupby(targets, key=lambda one: one.parent)
    ]
    return choices if len(choices) > 1 else [choice for _county, places in choices for choice in places]

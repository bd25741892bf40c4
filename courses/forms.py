from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.checks import LETTERS


class SearchForm(forms.Form):
    q = forms.CharField(label=_("找课"), required=False, max_length=30)


class CheckForm(forms.Form):
    """The options of one check question; `chosen` is the letters in order."""

    chosen = forms.MultipleChoiceField(error_messages={"required": _("先选一个答案，再看解析。")})

    def __init__(self, value: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chosen"].choices = [(letter, letter) for letter in LETTERS[: len(value["options"])]]  # type: ignore[attr-defined]

    def clean_chosen(self) -> str:
        return "".join(sorted(self.cleaned_data["chosen"]))

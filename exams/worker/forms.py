from django import forms
from django.utils.translation import gettext_lazy as _


class PledgeForm(forms.Form):
    pledge = forms.BooleanField(
        label=_("我已看过考试须知，承诺独立作答，不请人代考、不替人考、不外传试题。"), required=False
    )

    def clean(self) -> None:
        # said once for the whole form: the label is too long to stand before it
        if not self.cleaned_data.get("pledge"):
            raise forms.ValidationError(_("请先看完考试须知，勾选诚信承诺，再开始作答。"))

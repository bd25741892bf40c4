"""The roster as a list: of which place, and how far the numbers are shown."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms import exported
from roster import export, reach
from roster.models import Level, Territory, User

MASKED, FULL = "masked", "full"


class ExportForm(forms.Form):
    county = forms.ModelChoiceField(
        Territory.objects.none(), label=_("县（市、区）"), required=False, empty_label=_("管辖范围内全部")
    )
    township = forms.ModelChoiceField(
        Territory.objects.none(), label=_("乡镇（街道）"), required=False, empty_label=_("全部")
    )
    numbers = forms.ChoiceField(
        label=_("身份证号和手机号"),
        choices=[(MASKED, _("隐去中间几位（改好后凭登录号再导入）")), (FULL, _("完整号码（只限用得着的用途）"))],
        initial=MASKED,
        widget=forms.RadioSelect,
        error_messages={"required": _("请选号码怎么显示。"), "invalid_choice": _("请选号码怎么显示。")},
    )
    reason = forms.ChoiceField(
        label=_("用途"),
        help_text=_("会写在表上，也会记下来。"),
        choices=[("", _("请选用途")), *exported.REASONS.items()],
        error_messages={"required": _("请先选用途，再导出。"), "invalid_choice": _("请从列表里选用途。")},
    )

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places: dict[str, Any] = {"county": Level.COUNTY, "township": Level.TOWNSHIP}
        for name, level in places.items():
            field: Any = self.fields[name]
            field.queryset = reach.territories(by).current().filter(level=level).order_by("code")
            field.error_messages["invalid_choice"] = _("请从列表里选。")
            if len(field.queryset) < 2:
                del self.fields[name]  # one's only place is no choice
        if not reach.has(by, *export.WHOLE):
            del self.fields["numbers"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("numbers") == FULL and data.get("reason") and data["reason"] not in export.REASONS:
            self.add_error("reason", _("这个用途用不着完整号码。请改选用途，或者选“隐去中间几位”。"))
        county, township = data.get("county"), data.get("township")
        if county and township and township.parent_id != county.pk:
            self.add_error("township", _("这个乡镇（街道）不在选的县（市、区）里。请重新选。"))
        return data

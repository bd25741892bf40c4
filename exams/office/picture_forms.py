"""The form for the picture of a question."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from exams.before.pictures import LONGEST_TEXT


class PictureForm(forms.Form):
    file = forms.FileField(
        label=_("图片"),
        required=False,
        allow_empty_file=True,  # which is no picture, and told so
        help_text=_("照片、截图、标志，JPG、PNG 或 WebP，最大 8 MB。系统会缩小，并去掉拍摄地点等信息。"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    text = forms.CharField(
        label=_("替代文字"),
        required=False,  # `pictures.described` says it in words of its own
        help_text=_(
            "读屏软件念给看不见图片的考生听，图片下载不到时也显示。写清图上看得见的东西，让人能答题；不要写出答案。例如：楼道里停着两辆电动自行车，一根电线从二楼窗口拉下来。"
        ),
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_TEXT}),
    )

    def __init__(self, *args: Any, replaces: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if replaces:
            self.fields["file"].label = _("换一张图片（不换就不选）")

"""The upload of an import: which kind, which file."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import imports


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label=lazy("导入什么"),
        error_messages={"required": lazy("请先选导入哪一种表。"), "invalid_choice": lazy("请先选导入哪一种表。")},
    )
    file = forms.FileField(
        label=lazy("表格文件"),
        error_messages={
            "required": lazy("请选一个表格文件。"),
            "missing": lazy("请选一个表格文件。"),
            "invalid": lazy("文件没有传上来。请再选一次。"),
            "empty": lazy("这个文件是空的。请确认选对了文件，再重新上传。"),
        },
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.csv,.ods,.et,.txt"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.kind, kind.title) for kind in imports.kinds_for(user)]  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        size, most = (file.size or 0) / 1_048_576, settings.IMPORT_MAX_BYTES / 1_048_576
        if size > most:
            text = _("这个文件有 %(size).0f MB，最多 %(most).0f MB。请删去图片和无关的工作表，或分成几个文件上传。")
            raise forms.ValidationError(text % {"size": max(size, most + 1), "most": most})
        return file

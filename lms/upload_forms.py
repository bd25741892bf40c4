"""Wagtail's forms for pictures and documents, which take a file only after `lms.uploads` has looked into it."""

from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from wagtail.documents.forms import BaseDocumentForm
from wagtail.images.forms import BaseImageForm

from lms import uploads
from lms.refusal import Refused


class ImageForm(BaseImageForm):
    def clean_file(self) -> Any:
        """The picture made anew. It is put into the very file that was sent: Wagtail keeps that where the rest of the form is wrong."""
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            file.seek(0)
            try:
                data, kind = uploads.picture(file.read())
            except Refused as refusal:
                raise ValidationError(refusal.sentence) from refusal
            ending = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[kind]
            file.file, file.size, file.name = BytesIO(data), len(data), uploads.safe_name(file.name or "", ending)
        return file


class DocumentForm(BaseDocumentForm):
    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            name = uploads.safe_name(file.name or "")
            try:
                uploads.check(file, ending=name.rpartition(".")[2], size=file.size or 0)
            except Refused as refusal:
                raise ValidationError(refusal.sentence) from refusal
            file.name = name
        return file

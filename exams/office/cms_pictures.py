"""Back-office screens of a question's picture: give one, change it, take it off, look at it."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams.before import pictures, showing
from exams.models import Picture, Question
from exams.office.picture_forms import PictureForm
from exams.office.viewsets import READERS
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking

BANKERS = reach.only(*READERS)


@BANKERS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question_picture(request: Asking, question: int) -> HttpResponse:
    found = get_object_or_404(Question.objects.select_related("picture", "bank"), pk=question)
    initial, replaces = {"text": found.picture_text}, found.picture is not None
    form = PictureForm(request.POST or None, request.FILES or None, initial=initial, replaces=replaces)
    if request.method == "POST" and form.is_valid():
        upload, text = form.cleaned_data["file"], form.cleaned_data["text"]
        try:
            pictures.put(found, upload=upload, text=text, by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)
        else:
            messages.success(request, _("已保存。以后发布的试卷用这张图，已经发布的试卷不变。"))
            return redirect("questions:inspect", found.pk)
    context = {"form": form, "question": found, "page_title": _("题目的图片"), "header_icon": "image"}
    return render(request, "exams/cms_picture.html", context, status=422 if request.method == "POST" else 200)


@BANKERS
@require_POST
def drop_picture(request: Asking, question: int) -> HttpResponse:
    found = get_object_or_404(Question, pk=question)
    pictures.drop(found, by=request.user, now=request.now)
    messages.success(request, _("已去掉图片。已经发布的试卷不变。"))
    return redirect("questions:inspect", found.pk)


@BANKERS
@require_safe
def picture_file(request: Asking, question: int) -> HttpResponseBase:
    return showing.reply(request, get_object_or_404(Picture, questions=question))

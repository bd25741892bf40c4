from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.documents import get_document_model

from courses import films, screens, standing, study
from courses.forms import CheckForm, SearchForm
from courses.models import CatalogPage, CoursePage, LessonPage
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Worker


def reader(request: Asking) -> Worker | None:
    """The worker who reads, or None for someone of the back office, who reads without a record. Nobody else reads."""
    worker = getattr(request.user, "worker", None)
    if worker or reach.roles(request.user) or request.user.is_superuser:
        return worker
    raise Http404


@require_safe
def catalog(request: Asking) -> HttpResponse:
    page = get_object_or_404(CatalogPage.objects.live())
    form = SearchForm(request.GET)
    sought = form.cleaned_data["q"] if form.is_valid() else ""
    context = screens.catalog(page, reader(request), sought=sought, now=request.now)
    return render(request, "courses/catalog.html", context)


@require_safe
def course(request: Asking, slug: str) -> HttpResponse:
    page = get_object_or_404(CoursePage.objects.live().select_related("skill"), slug=slug)
    context = screens.course(page, reader(request), now=request.now)
    return render(request, "courses/course.html", context)


@require_safe
def lesson(request: Asking, course: str, slug: str) -> HttpResponse:
    above = get_object_or_404(CoursePage.objects.live(), slug=course)
    worker = reader(request)
    (stands,) = standing.of(worker, [above], bodies=True)
    step = next((step for step in stands.steps if step.lesson.slug == slug), None)
    if step is None:
        raise Http404
    if worker:
        study.open_lesson(worker, lesson=step.lesson, now=request.now)
    return render(request, "courses/lesson.html", screens.lesson(step.lesson, stands, worker))


@require_POST
def beat(request: Asking, lesson: int) -> JsonResponse:
    page = get_object_or_404(LessonPage.objects.open().defer("body", "text"), pk=lesson)
    place = request.POST.get("place", "")
    progress = study.beat(reach.worker_of(request), lesson=page, place=place, now=request.now)
    left = "" if progress.finished_at else study.shortfall(progress, page)
    return JsonResponse({"seconds": progress.seconds, "shortfall": left, "studied": study.studied(progress)})


@require_POST
def finish(request: Asking, lesson: int) -> HttpResponse:
    page = get_object_or_404(LessonPage.objects.open().defer("body", "text"), pk=lesson)
    worker = reach.worker_of(request)
    try:
        study.finish_lesson(worker, lesson=page, now=request.now)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
        return redirect(f"{page.address}#finish")
    (stands,) = standing.of(worker, [page.course])
    return onward(request, stands, page)


def onward(request: Asking, stands: standing.Standing, page: LessonPage) -> HttpResponse:
    """From a finished lesson to the next one, from the last one back to the course."""
    if stands.finished:
        text = _("《%(course)s》学完了，%(hours)s 学时已经记入你的档案。")
        messages.success(request, text % {"course": stands.course.title, "hours": f"{stands.hours:.2f}"})
        return redirect(stands.course.address)
    messages.success(request, _("上一课学完了，%(hours)s 学时已记入。") % {"hours": f"{page.hours:.2f}"})
    number = stands.step_of(page).number
    step = next((step for step in stands.steps[number:] if not step.finished), stands.next)
    return redirect(step.lesson.address if step else stands.course.address)


@require_POST
def check(request: Asking, lesson: int, block: str) -> HttpResponse:
    """Keep the answer; the reader comes back to the question, or gets it alone when a script asked."""
    page = get_object_or_404(LessonPage.objects.open(), pk=lesson)
    found = next((child for child in page.body if child.id == block and child.block_type == "check"), None)
    if found is None:
        raise Http404
    form = CheckForm(found.value, request.POST)
    worker = reach.worker_of(request)
    if form.is_valid():
        chosen = form.cleaned_data["chosen"]
        study.check(worker, lesson=page, block=block, chosen=chosen, now=request.now)
    elif request.headers.get("X-Requested-With") != "fetch":
        messages.warning(request, str(form.errors["chosen"][0]))
    if request.headers.get("X-Requested-With") != "fetch":
        return redirect(f"{page.address}#b-{block}")
    context = {"value": found.value, "block_id": block, "page": page, "worker": worker, "form": form}
    progress = worker.lesson_progress.filter(lesson=page).first()
    return render(request, "courses/blocks/check.html", {**context, "progress": progress})


@require_safe
def film(request: Asking, document: int, name: str) -> HttpResponseBase:
    """A lesson's video or its captions, piece by piece as players ask for it."""
    reader(request)
    found = get_object_or_404(get_document_model(), pk=document)
    if found.filename != name or found.file_extension not in films.TYPES:
        raise Http404
    return films.answer(found.file, films.TYPES[found.file_extension], request.headers.get("Range", ""))

"""Back-office screens of the room: who sits as it happens, and what is given, said and noted from there."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from exams.before import drafts
from exams.models import AllowanceKind, Attempt, Exam, ExamQuerySet
from exams.room import allowances, announcing, rooms, seats, windows
from exams.room.room_forms import AllowForm, NoticeForm, WindowForm
from lms import jobs, numbers
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty, Level

ADMINS = reach.only(Duty.EXAMS)
SETTERS = reach.only(*drafts.SETTERS)
FORMS = require_http_methods(["GET", "HEAD", "POST"])
NAMED = 12


def posted(request: Asking) -> Any:
    """What was sent, also when that is nothing; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def visible(request: Asking) -> ExamQuerySet:
    return Exam.objects.published().touching(reach.paths(request.user, Duty.EXAMS)).select_related("territory")


def room_of(request: Asking, exam: int) -> rooms.Room:
    """The room that is asked for, at the place and with the filters of the address."""
    asked, page = request.GET.get("in", ""), numbers.row(request.GET.get("page", "1")) or 1
    place = numbers.row(asked) if asked else None
    mood = request.GET.get("state", "")
    if (asked and place is None) or page > 1000 or mood not in {"", rooms.ASKED, *seats.Mood.values}:
        raise Http404
    found = get_object_or_404(visible(request), pk=exam)
    name = request.GET.get("name", "").strip()[:60]
    return rooms.Room(found, request.user, request.now, place, mood, name, page)


def address(room: rooms.Room, name: str = "exam_room", **changed: Any) -> str:
    """An address of the room that keeps place and filters, but for what is changed."""
    kept = {"in": room.asked or "", "state": room.mood, "name": room.name, "page": room.page if room.page > 1 else ""}
    query = {key: value for key, value in {**kept, **changed}.items() if value}
    return reverse(name, args=[room.exam.pk]) + (f"?{urlencode(query)}" if query else "")


def below(room: rooms.Room, place: int | str) -> str:
    """The same at another place."""
    changed: dict[str, Any] = {"in": place, "page": ""}
    return address(room, **changed)


def shown(room: rooms.Room) -> dict[str, Any]:
    """What page and part have in common."""
    return {
        "room": room,
        "exam": room.exam,
        "now": room.now,
        "moods": seats.Mood.labels,
        "sitters": reverse("exam_sitter", args=[0]).removesuffix("0/"),
        "filters": [(*one, address(room, state=one[0], page="")) for one in room.filters],
        "rows": [(row, below(room, row.place.pk)) for row in room.rows if row.place],
        "next_page": address(room, page=room.page + 1) if room.more else "",
        "page_before": address(room, page=room.page - 1) if room.page > 1 else "",
    }


@ADMINS
@never_cache
@require_safe
def room(request: Asking, exam: int) -> HttpResponse:
    asked = room_of(request, exam)
    own = {one.pk for one in asked.reached} | {one.parent_id for one in asked.reached}
    trail = list(rooms.above(asked.townships[0]).values())[::-1] if asked.place and asked.townships else []
    context = {
        **shown(asked),
        "live": address(asked, "exam_room_part"),
        "trail": [one for one in trail if one.pk in own and asked.place and asked.place.path.startswith(one.path)],
        "top": below(asked, ""),
        "may_set": reach.covers(request.user, asked.exam.territory, *drafts.SETTERS),
        "over": request.now >= asked.exam.closes_at,
        "movable": asked.exam.movable(request.now),
        "page_title": _("考场"),
        "page_subtitle": asked.exam.title,
        "header_icon": "group",
    }
    return render(request, "exams/cms_room.html", context)


@ADMINS
@never_cache
@require_safe
def room_part(request: Asking, exam: int) -> HttpResponse:
    """The part of the room that changes, for the script; 304 when nothing has."""
    response = render(request, "exams/_room.html", shown(room_of(request, exam)))
    etag = f'"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag, None, response) or response


@ADMINS
@FORMS
def allow(request: Asking, exam: int) -> HttpResponse:
    """Time, a window, a late start or an exemption, for those who were ticked or all of a place."""
    asked = room_of(request, exam)
    ticked = [*request.GET.getlist("id"), *request.POST.getlist("id")][: rooms.PAGE]
    ids = [pk for text in ticked if (pk := numbers.row(text))]
    if not ids and not asked.asked:
        messages.warning(request, _("请先在名单里勾选要办的人。"))
        return redirect(address(asked))
    chosen = rooms.chosen(asked, ids)
    if not chosen:
        raise Http404
    form = AllowForm(posted(request), initial=usual(asked.exam, request))
    if request.method == "POST" and form.is_valid() and allowed(request, chosen, form):
        back = (
            reverse("exam_sitter", args=chosen)
            if request.GET.get("back") == "one" and len(chosen) == 1
            else address(asked)
        )
        return redirect(back)
    people = Attempt.objects.filter(pk__in=chosen[:NAMED]).values_list("worker__name", flat=True).order_by("pk")
    context = {
        "form": form,
        "room": asked,
        "exam": asked.exam,
        "count": len(chosen),
        "names": list(people),
        "back": address(asked),
    }
    context |= {
        "released": not asked.exam.at_once and asked.exam.released(request.now),
        "place": asked.place if not ids else None,
    }
    context |= {"page_title": _("加时、另定时间、免考"), "page_subtitle": asked.exam.title, "header_icon": "time"}
    return render(request, "exams/cms_allow.html", context, status=422 if request.method == "POST" else 200)


def usual(exam: Exam, request: Asking) -> dict[str, Any]:
    """What is asked for most: ten minutes; a window from now on for as long as the exam takes."""
    until = request.now + timedelta(minutes=exam.minutes)
    return {"minutes": 10, "opens_at": max(exam.opens_at, request.now), "closes_at": max(exam.closes_at, until)}


def allowed(request: Asking, chosen: list[int], form: AllowForm) -> bool:
    """Do it and say for how many; False when it is refused: the form then says why."""
    data = form.cleaned_data
    window = {"opens_at": data["opens_at"], "closes_at": data["closes_at"]}
    verbs: dict[str, Callable[..., allowances.Outcome]] = {
        AllowanceKind.TIME: partial(allowances.grant_time, seconds=60 * (data["minutes"] or 0)),
        AllowanceKind.WINDOW: partial(allowances.own_window, **window),
        AllowanceKind.LATE: partial(allowances.admit_late, closes_at=data["closes_at"]),
        AllowanceKind.EXEMPT: allowances.exempt,
    }
    try:
        done = verbs[data["kind"]](chosen, reason=data["reason"], by=request.user, now=request.now)
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return False
    messages.success(
        request, _("已办理 %(n)d 人：%(what)s。") % {"n": done.given, "what": AllowanceKind(data["kind"]).label}
    )
    for sentence, n in done.left_out.items():
        messages.warning(request, _("另有 %(n)d 人没有办：%(why)s") % {"n": n, "why": sentence})
    return True


@ADMINS
@FORMS
def notice(request: Asking, exam: int) -> HttpResponse:
    asked = room_of(request, exam)
    within = reach.territories(request.user, Duty.EXAMS).current().exclude(level=Level.COMMUNITY)
    within = (
        within.filter(pk__in={pk for one in asked.reached for pk in rooms.above(one)})
        .select_related("parent")
        .order_by("path")
    )
    form = NoticeForm(posted(request), within=within, initial={"territory": asked.asked})
    if request.method == "POST" and form.is_valid():
        try:
            announcing.send(asked.exam, **form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error(refusal.code, refusal.sentence)
        else:
            messages.success(request, _("通知已发出，正在作答的人一分钟以内看到。"))
            return redirect(address(asked))
    context = {
        "form": form,
        "exam": asked.exam,
        "back": address(asked),
        "sent": asked.exam.notices.select_related("by", "territory").order_by("-pk")[:10],
    }
    context |= {"page_title": _("发考场通知"), "page_subtitle": asked.exam.title, "header_icon": "mail"}
    return render(request, "exams/cms_notice.html", context, status=422 if request.method == "POST" else 200)


@SETTERS
@FORMS
def window(request: Asking, exam: int) -> HttpResponse:
    settable = Exam.objects.published().filter(territory__in=reach.territories(request.user, *drafts.SETTERS))
    found = get_object_or_404(settable, pk=exam)
    form = WindowForm(posted(request), exam=found)
    if request.method == "POST" and form.is_valid():
        try:
            _exam, extended = windows.move(found, **form.cleaned_data, by=request.user, now=request.now)
        except Refused as refusal:
            form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)
        else:
            messages.success(request, _("考试时间已改，正在作答的有 %d 人延长了时间。") % extended)
            return redirect("exam_state", found.pk)
    context = {
        "form": form,
        "exam": found,
        "now": request.now,
        "page_title": _("改考试时间"),
        "page_subtitle": found.title,
        "header_icon": "date",
    }
    return render(request, "exams/cms_window.html", context, status=422 if request.method == "POST" else 200)


@ADMINS
@require_POST
def weigh(request: Asking, exam: int) -> HttpResponse:
    """Have the answers looked through for what is odd; it may take a moment, so it is done behind the scenes."""
    found = get_object_or_404(visible(request), pk=exam)
    if request.now < found.closes_at:
        messages.error(request, _("考试还没有截止，全部交卷以后再核对。"))
    else:
        jobs.enqueue("exams.weigh", owner=request.user, exam=found.pk)
        messages.success(request, _("正在核对，一两分钟以后刷新这一页，有情况的人会标出来。"))
    return redirect("exam_room", found.pk)

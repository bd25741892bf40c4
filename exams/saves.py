"""The two ways an answer reaches `attempts.answer`: JSON from the script on the page, or the plain form."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from exams import attempts, questions
from exams.models import Attempt
from lms import numbers
from lms.refusal import Refused
from roster.asking import Asking
from roster.models import Worker

MOST = 200  # answers in one request
LATEST = 2**31 - 1


def from_script(request: Asking, attempt_id: int, *, worker: Worker) -> JsonResponse:
    """Save what was sent, one by one. 200 says what is saved and the seconds left; 409 that it is over, and where to look.

    With nothing to save it only tells the time left.
    """
    try:
        wanted = _read(request)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, RequestDataTooBig):
        return _say(400, "unfit", str(questions.STALE_PAGE))
    saved: list[attempts.Saved] = []
    refused: list[dict[str, Any]] = []
    try:
        attempt = attempts.flag(attempt_id, worker=worker, items=wanted["flags"], now=request.now)
        for one in wanted["answers"]:
            _save_one(attempt_id, one, saved, refused, worker=worker, request=request)
    except Refused as refusal:
        over = {"left": 0, "next": reverse("hand_in", args=[attempt_id])}
        return _say(409, refusal.code, refusal.sentence, saved=[_row(one) for one in saved], **over)
    left = attempt.seconds_left(request.now)
    return _say(200, "sitting", "", left=left, saved=[_row(one) for one in saved], refused=refused)


def _save_one(attempt_id: int, one: dict, saved: list, refused: list, *, worker: Worker, request: Asking) -> None:
    try:
        saved.append(attempts.answer(attempt_id, worker=worker, now=request.now, **one))
    except Refused as refusal:
        if refusal.code != "unfit":
            raise
        refused.append({"item": one["item_id"], "seq": one["seq"], "message": refusal.sentence})


def _read(request: Asking) -> dict[str, Any]:
    """Our own shape only; whatever else was sent is not looked at."""
    sent = json.loads(request.body)
    answers = [
        {"item_id": int(one["item"]), "value": one["value"], "seq": int(one["seq"])} for one in sent.get("answers", [])
    ]
    if len(answers) > MOST or any(not 0 < one["seq"] <= LATEST for one in answers):
        raise ValueError
    flags = sent.get("flags")
    return {"answers": answers, "flags": None if flags is None else [int(item) for item in flags][:MOST]}


def _row(saved: attempts.Saved) -> dict[str, Any]:
    row = {"item": saved.item_id, "seq": saved.seq, "at": attempts.clock(saved.at)}
    return row if saved.fresh else {**row, "value": saved.value}


def _say(status: int, state: str, message: str, **more: Any) -> JsonResponse:
    return JsonResponse({"state": state, "message": message, **more}, status=status)


def from_form(request: Asking, attempt: Attempt) -> HttpResponse:
    """Save the whole form, then go on to the check page or back to the paper. What did not change is not sent to the database."""
    trouble = ""
    for item_id, value, seq in _changed(request, attempt):
        try:
            attempts.answer(attempt.pk, item_id, worker=attempt.worker, value=value, seq=seq, now=request.now)
        except Refused as refusal:
            trouble = refusal.sentence
            if refusal.code != "unfit":
                break
    if not trouble and not attempt.finished:
        flags = map(numbers.row, request.POST.getlist("flag"))
        attempts.flag(attempt.pk, worker=attempt.worker, items=[item for item in flags if item], now=request.now)
    if trouble:
        messages.error(request, trouble)
        return redirect("attempt", attempt=attempt.pk)
    if request.POST.get("go") == "check":
        return redirect("hand_in", attempt=attempt.pk)
    messages.success(request, _("已保存。"))
    return redirect("attempt", attempt=attempt.pk)


def _changed(request: Asking, attempt: Attempt) -> list[tuple[int, questions.Value, int]]:
    items = attempt.exam.items.in_bulk()
    standing = {answer.item_id: answer for answer in attempt.answers.all()}
    changed = []
    for item_id, _order in attempt.paper:
        seq = numbers.row(request.POST.get(f"seq-{item_id}", ""))
        if seq is None or seq >= LATEST:
            continue  # the question was not on the page that was sent
        face, answer = questions.face(items[item_id].kind), standing.get(item_id)
        value = face.read(request.POST.getlist(f"a-{item_id}"))
        if isinstance(value, list):
            value = sorted(value)
        if value != face.unpack(answer.value if answer else ""):
            changed.append((item_id, value, seq + 1))
    return changed

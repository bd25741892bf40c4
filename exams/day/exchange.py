"""What passes between the paper's page and the server: reading what was sent, telling what became of it. docs/exam-day.md shows both."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from exams.before import questions
from exams.day import attempts, late, saving, sheets
from exams.day.beats import Beat, News
from lms import numbers, times
from lms.refusal import Refused

MOST = 200  # answers in one request
LATEST = 2**31 - 1 - 1000  # sequences end here: above is room for answers that people decide about
NO_PAGE = 2**31 - 1  # the number of no page that a browser can have
PLAIN = 0  # the number of a page without script


class Sent(NamedTuple):
    """One request of the script."""

    page: int
    answers: list[attempts.Given]
    flags: list[int] | None
    beat: Beat | None
    ages: dict[tuple[int, int], int]  # (item, seq) → milliseconds since the finger, where the phone says it


def read(body: bytes) -> Sent:
    """{"page": n, "answers": [{"item", "seq", "value", "age"?}], "flags"?: […], "beat"?: {…}}. Our own shape only: ValueError otherwise."""
    try:
        sent = json.loads(body)
        page = int(sent.get("page", PLAIN))
        answers = [attempts.Given(int(one["item"]), int(one["seq"]), one["value"]) for one in sent.get("answers", [])]
        ages = {(int(one["item"]), int(one["seq"])): int(one["age"]) for one in sent.get("answers", []) if "age" in one}
        flags = sent.get("flags")
        flags = None if flags is None else [int(item) for item in flags][:MOST]
        beat = Beat.read(sent["beat"]) if sent.get("beat") else None
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError from error
    fine = all(0 < one.seq <= LATEST and 0 < one.item_id <= 2**63 - 1 for one in answers)
    if len(answers) > MOST or not 0 <= page < NO_PAGE or not fine:
        raise ValueError
    return Sent(page, answers, flags, beat, {key: min(max(age, 0), LATEST) for key, age in ages.items()})


def read_form(
    posted: Mapping[str, list[str]], sheet: sheets.Sheet, standing: Sequence[saving.Standing]
) -> tuple[list[attempts.Given], list[int]]:
    """What changed on the plain form since it was shown, and the flags."""
    stands = {one.item_id: one.value for one in standing}
    given = []
    for item in sheet.items.values():
        seq = numbers.row((posted.get(f"seq-{item.pk}") or [""])[0])
        if seq is None or seq >= LATEST:
            continue  # the question was not on the page that was sent
        face = questions.face(item.kind)
        value = face.read(posted.get(f"a-{item.pk}", []))
        if isinstance(value, list):
            value = sorted(value)
        if value != face.unpack(stands.get(item.pk, "")):
            given.append(attempts.Given(item.pk, seq + 1, value))
    flags = [numbers.row(text) for text in posted.get("flag", [])]
    return given, [item for item in flags if item]


def told(reply: attempts.Reply, *, news: Iterable[News], now: datetime) -> dict[str, Any]:
    content: dict[str, Any] = {
        "state": "sitting",
        "left": round(reply.seconds_left(now), 1),
        "at": times.clock(now),
        "saved": [_row(one) for one in reply.saved],
        "refused": [_refused(one) for one in reply.unfit],
    }
    if told_now := [{"id": one.pk, "text": one.text, "at": times.clock(one.at)} for one in news]:
        content["news"] = told_now
    return content


def _row(one: attempts.Saved) -> dict[str, Any]:
    row = {"item": one.item_id, "seq": one.seq, "at": times.clock(one.at), "code": one.code}
    return row if one.value is None else {**row, "value": one.value}


def _refused(one: attempts.Unfit) -> dict[str, Any]:
    return {"item": one.item_id, "seq": one.seq, "message": one.sentence}


def over(refusal: Refused, attempt_id: int, *, taken: late.Taken | None = None) -> dict[str, Any]:
    """Why nothing is saved any more, what became of what was sent, and where to look."""
    next_ = f"/exams/attempt/{attempt_id}/" + ("" if refusal.code in {"elsewhere", "not_started"} else "hand-in/")
    content = {"state": refusal.code, "message": refusal.sentence, "left": 0, "next": next_}
    if taken is None:
        return content
    return {
        **content,
        "message": late.words(refusal, taken),
        "saved": [_row(one) for one in taken.saved],
        "kept": [_row(one) for one in taken.kept],
        "refused": [_refused(one) for one in taken.unfit],
    }


def handed_in(end: saving.Held) -> dict[str, Any]:
    return {"state": "handed_in", "receipt": end.receipt, "next": f"/exams/attempt/{end.id}/hand-in/"}


def unfit() -> dict[str, Any]:
    return {"state": "unfit", "message": str(questions.STALE_PAGE)}


def signed_out() -> dict[str, Any]:
    return {"state": "signed_out"}


def later(seconds: float) -> dict[str, Any]:
    return {"state": "later", "later": seconds}

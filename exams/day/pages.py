"""The paper's page for one attempt."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.template.loader import render_to_string

from exams.day import pieces, rescue_keys, saving, sheets
from lms import times
from lms.context import Display


def told(query: Mapping[str, str], sat: saving.Sat, *, now: datetime) -> str:
    """What became of a plain form, on the page that comes after it."""
    if "saved" in query:
        return render_to_string("exams/_told.html", {"at": times.clock(now)})
    numbers_ = {str(item): number for number, (item, _order) in enumerate(sat.paper, 1)}
    if number := numbers_.get(query.get("unfit", "")):
        return render_to_string("exams/_told.html", {"number": number})
    return ""


def paper(
    sheet: sheets.Sheet,
    attempt_id: int,
    sat: saving.Sat,
    standing: Sequence[saving.Standing],
    *,
    cookies: Mapping[str, str],
    told: str = "",
    now: datetime,
) -> str:
    """The whole page as this person sees it at this moment."""
    assert sat.deadline is not None
    left = max(0.0, (sat.deadline - now).total_seconds())
    newest = max((one.saved_at for one in standing), default=None)
    values = {
        "attempt": str(attempt_id),
        "rescue": rescue_keys.token(attempt_id, sat.device),
        "road": f"/exams/sit/{attempt_id}/",
        "door": f"/exams/attempt/{attempt_id}/",
        "told": told,
        "left": f"{left:.1f}",
        "left_text": times.countdown(int(left)),
        "saved_state": "saved" if newest else "none",
        "saved_at": times.clock(newest) if newest else "",
    }
    display = Display.chosen(cookies.get("theme"), cookies.get("print"))
    return pieces.page(sheet.parts, sat, standing, values=values, display=display)

"""
The fast lane: start, paper, answers and hand-in, served beside Django's middleware because the whole city asks for them at once.

Who may is told by a signed pass that the entry page gives after ordinary sign-in (`exams.day.passes`); the database says whether its device
still holds the attempt. A post is taken from our own pages only (Origin) and in two shapes: JSON from the script, a form where there is
none. `lms.wsgi` sends whatever begins with PREFIX here; where it does not run (a development server), `views.lane` does the same.
docs/decisions/0020-exam-day.md says why.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.utils import timezone, translation
from isal import isal_zlib

from exams.before import pictures
from exams.day import attempts, beats, exchange, late, pages, passes, pressure, saving, sheets, trespass
from exams.models import AttemptState
from lms import context, policy, prepared
from lms.refusal import Refused

PREFIX = "/exams/sit/"
ADDRESS = re.compile(rf"{PREFIX}([1-9][0-9]{{0,17}})/([a-z-]+)")
MOST_BYTES = 512 * 1024
HTML, JSON = "text/html; charset=utf-8", "application/json"

log = logging.getLogger(__name__)
written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    kind: str = JSON
    more: tuple[tuple[str, str], ...] = ()


class Bad(Exception):
    """A request that no page of ours sends."""

    def __init__(self, status: int) -> None:
        self.status = status


@dataclass
class Ask:
    """One request, as far as the lane reads it."""

    environ: dict[str, Any]
    attempt: int
    now: datetime = field(default_factory=timezone.now)

    @cached_property
    def cookies(self) -> dict[str, str]:
        pairs = (part.partition("=") for part in self.environ.get("HTTP_COOKIE", "").split("; "))
        return {name: value for name, _is, value in pairs}

    @cached_property
    def bearer(self) -> passes.Pass | None:
        """Who asks, if they hold a pass to this attempt."""
        text = self.cookies.get(passes.cookie(self.attempt), "")
        one = passes.read(text, now=self.now) if text else None
        return one if one and one.attempt == self.attempt else None

    @cached_property
    def body(self) -> bytes:
        length = self.environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or len(length) > 12 or int(length) > MOST_BYTES:
            raise Bad(413)
        try:
            return self.environ["wsgi.input"].read(int(length))
        except OSError:  # the phone was lost in the middle of it
            raise Bad(400) from None

    @property
    def by_script(self) -> bool:
        return self.environ.get("CONTENT_TYPE", "").partition(";")[0].strip() == JSON

    @cached_property
    def form(self) -> dict[str, list[str]]:
        try:
            return parse_qs(self.body.decode(), keep_blank_values=True, max_num_fields=2000, encoding="utf-8")
        except ValueError:
            raise Bad(400) from None

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.environ.get("QUERY_STRING", "")[:200]))

    @property
    def ours(self) -> bool:
        """Whether a page of ours sent it: by Origin, which every browser of today sends with a post."""
        origin = self.environ.get("HTTP_ORIGIN") or self.environ.get("HTTP_REFERER", "")
        here = self.environ.get("HTTP_HOST") or self.environ["SERVER_NAME"]
        try:
            return urlsplit(origin).netloc in {here, urlsplit(settings.SITE_URL).netloc}
        except ValueError:
            return False


# --- what is asked for


def start(ask: Ask, holder: passes.Pass) -> Reply:
    if ask.form.get("pledge") != ["on"]:
        return see(f"/exams/{holder.exam}/?pledge=1")
    try:
        with prepared.turn:
            held = attempts.begin(
                holder.attempt,
                worker_id=holder.worker,
                user_id=holder.user,
                now=ask.now,
                device=holder.device,
                holder=holder,
            )
    except Refused as refusal:  # the page it leads to says what is true, or asks for the sign-in first
        return see(door(holder) if refusal.code == "signed_out" else f"/exams/{holder.exam}/")
    here = held.state == AttemptState.SITTING and held.device == holder.device
    return see(f"{PREFIX}{holder.attempt}/paper" if here else f"/exams/attempt/{holder.attempt}/")


def paper(ask: Ask, holder: passes.Pass) -> Reply:
    sat, standing, account = saving.opened(holder.attempt, worker=holder.worker, also=passes.account(holder))
    if not passes.stands(holder, account):
        return see(door(holder))
    if sat is None or sat.state != AttemptState.SITTING or sat.device != holder.device or sat.deadline is None:
        return see(f"/exams/attempt/{holder.attempt}/")
    if ask.now >= sat.deadline:
        return see(f"/exams/attempt/{holder.attempt}/hand-in/")
    told = pages.told(ask.query, sat, now=ask.now)
    text = pages.paper(
        sheets.of(holder.exam), holder.attempt, sat, standing, cookies=ask.cookies, told=told, now=ask.now
    )
    return squeezed(ask, text.encode())


def picture(ask: Ask, holder: passes.Pass) -> Reply:
    """A picture of the paper, for who sits it now; no browser keeps it beyond the time that is left."""
    if pressure.too_many():
        return later()
    sat = saving.sat(holder.attempt, worker=holder.worker)
    if sat is None or sat.state != AttemptState.SITTING or sat.device != holder.device or sat.deadline is None:
        return Reply(404)
    left = int((sat.deadline - ask.now).total_seconds())
    if left <= 0:
        return Reply(404)
    data = sheets.of(holder.exam).picture(ask.query.get("key", ""))
    return Reply(200, data, pictures.KIND, (("Cache-Control", f"private, max-age={left}, immutable"),))


def answers(ask: Ask, holder: passes.Pass) -> Reply:
    """200: what is saved, and the time left. 409: it is over or held elsewhere. 400: no page of ours. Nothing sent asks for the time."""
    if not ask.by_script:
        raise Bad(415)
    if pressure.too_many():
        return later()
    try:
        sent = exchange.read(ask.body)
    except ValueError:
        return say(400, exchange.unfit())
    guard = saving.Guard(holder.attempt, holder.worker, holder.device)
    try:
        unsent = sent.beat.unsent if sent.beat else None
        reply = attempts.answer(guard, sent.answers, exam_id=holder.exam, page=sent.page, now=ask.now, unsent=unsent)
    except Refused as refusal:
        taken = late.take(
            guard,
            sent.answers,
            ages=sent.ages,
            exam_id=holder.exam,
            page=sent.page,
            refusal=refusal,
            unsent=sent.beat.unsent if sent.beat else 0,
            now=ask.now,
        )
        return say(409, exchange.over(refusal, holder.attempt, taken=taken))
    if sent.flags is not None:
        attempts.flag(guard, sent.flags)
    news = beats.take(holder, sent.beat, now=ask.now) if sent.beat else []
    return say(200, exchange.told(reply, news=news, now=ask.now))


def form(ask: Ask, holder: passes.Pass) -> Reply:
    """The plain form: all answers of the page at once. Its buttons: save, check before the hand-in, another size of print."""
    guard = saving.Guard(holder.attempt, holder.worker, holder.device)
    sheet, standing = sheets.of(holder.exam), saving.answers(holder.attempt)
    given, flags = exchange.read_form(ask.form, sheet, standing)
    check = ask.form.get("go") == ["check"]
    try:
        reply = attempts.answer(guard, given, exam_id=holder.exam, page=exchange.PLAIN, now=ask.now)
    except Refused as refusal:
        late.take(guard, given, ages={}, exam_id=holder.exam, page=exchange.PLAIN, refusal=refusal, now=ask.now)
        return see(f"/exams/attempt/{holder.attempt}/hand-in/")  # that page says how it stands
    attempts.flag(guard, flags)
    saving.seen(holder.attempt, unsent=0, now=ask.now)  # it has no beats
    if reply.unfit:
        return see(f"{PREFIX}{holder.attempt}/paper?unfit={reply.unfit[0].item_id}")
    if check:
        return see(f"/exams/attempt/{holder.attempt}/hand-in/")
    return see(f"{PREFIX}{holder.attempt}/paper?saved=1", *look_of(ask))


def look(ask: Ask, holder: passes.Pass) -> Reply:
    """The script has changed the size of the print already; this keeps it for the next page."""
    return Reply(204, kind=HTML, more=look_of(ask))


def look_of(ask: Ask) -> tuple[tuple[str, str], ...]:
    response = HttpResponse()
    context.keep(response, {"print": (ask.form.get("print") or [""])[0]})
    return tuple(("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values())


def hand_in(ask: Ask, holder: passes.Pass) -> Reply:
    try:
        with prepared.turn:
            end = attempts.close(holder.attempt, user_id=holder.user, device=holder.device, now=ask.now)
    except Refused as refusal:
        return say(409, exchange.over(refusal, holder.attempt)) if ask.by_script else see(door(holder))
    return say(200, exchange.handed_in(end)) if ask.by_script else see(f"/exams/attempt/{holder.attempt}/hand-in/")


def door(holder: passes.Pass) -> str:
    return f"/exams/attempt/{holder.attempt}/"


ACTS: dict[str, tuple[str, Callable[[Ask, passes.Pass], Reply]]] = {
    "start": ("POST", start),
    "paper": ("GET", paper),
    "picture": ("GET", picture),
    "answers": ("POST", answers),
    "form": ("POST", form),
    "look": ("POST", look),
    "hand-in": ("POST", hand_in),
}

# --- how it is answered


def respond(environ: dict[str, Any]) -> Reply:
    """Answer one request. A connection that broke is made anew once: every act here may come twice."""
    try:
        return _respond(environ)
    except (OperationalError, InterfaceError) as error:
        log.warning("exam_lane_database: %s", type(error).__name__)
        if broken(error) and not connection.in_atomic_block:
            connection.close()
        return later()
    except DatabaseError:
        log.exception("exam_lane_failed")
        return later()


def _respond(environ: dict[str, Any]) -> Reply:
    match = ADDRESS.fullmatch(environ["PATH_INFO"])
    if match is None or match[2] not in ACTS:
        return Reply(404)
    ask, (method, act) = Ask(environ, int(match[1])), ACTS[match[2]]
    if environ["REQUEST_METHOD"] != method:
        return Reply(405, more=(("Allow", method),))
    if method == "POST" and not ask.ours:
        return Reply(403)
    if ask.bearer is None:
        reply = say(403, exchange.signed_out()) if ask.by_script else see(f"/exams/attempt/{ask.attempt}/")
        trespass.note(ask.attempt, ask.cookies, method=method, status=reply.status, now=ask.now)
        return reply
    translation.activate(settings.LANGUAGE_CODE)  # the thread may have served a page in another language before
    try:
        return once_more(act, ask, ask.bearer)
    except Http404:
        return Reply(404)
    except Bad as bad:
        return Reply(bad.status)


def broken(error: Exception) -> bool:
    """
    Whether the connection may be. A disk that is full and a lock that is held leave that of SQLite as it was; opening it anew each time took
    ten times as long as telling thousands of phones to come later, and they could not save for as long again when there was room.
    """
    return not getattr(error.__cause__, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_BUSY"))


def once_more(act: Callable[[Ask, passes.Pass], Reply], ask: Ask, holder: passes.Pass) -> Reply:
    try:
        return act(ask, holder)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.vendor == "sqlite":
            raise
        connection.close()  # the database was started anew: what was not acknowledged is simply done again
        return act(ask, holder)


def say(status: int, content: dict[str, Any]) -> Reply:
    return Reply(status, written(content).encode())


def see(address: str, *more: tuple[str, str]) -> Reply:
    return Reply(303, kind=HTML, more=(("Location", address), *more))


def later() -> Reply:
    wait = pressure.come_again()
    body = say(503, exchange.later(wait)).body
    return Reply(503, body, more=(("Retry-After", str(int(wait) + 1)),))


def squeezed(ask: Ask, body: bytes) -> Reply:
    """The page in gzip, by what does it in a seventh of zlib's time at its lightest, a fiftieth longer."""
    if "gzip" not in ask.environ.get("HTTP_ACCEPT_ENCODING", ""):
        return Reply(200, body, HTML)
    packer = isal_zlib.compressobj(2, isal_zlib.DEFLATED, 31)
    return Reply(200, packer.compress(body) + packer.flush(), HTML, (("Content-Encoding", "gzip"),))


def headers(reply: Reply) -> list[tuple[str, str]]:
    own = {name for name, _value in reply.more}
    return [
        *(one for one in dressed(reply.kind) if one[0] not in own),
        ("Content-Length", str(len(reply.body))),
        *reply.more,
    ]


@cache
def dressed(kind: str) -> tuple[tuple[str, str], ...]:
    """The headers that every answer of this kind has, written by what writes them elsewhere."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PREFIX,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "https" if settings.HTTPS else "http",
        "HTTP_X_FORWARDED_PROTO": "https" if settings.HTTPS else "http",
    }
    request, response = WSGIRequest(environ), HttpResponse(content_type=kind, headers={"Cache-Control": "no-store"})
    response = SecurityMiddleware(lambda _request: response).process_response(request, response)
    policy.dress(request, response)
    return (*response.items(), ("Vary", "Cookie, Accept-Encoding"))


REASONS = {
    200: "OK",
    204: "No Content",
    303: "See Other",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}
REASONS |= {409: "Conflict", 413: "Content Too Large", 415: "Unsupported Media Type", 500: "Error", 503: "Unavailable"}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The lane as a WSGI application."""
    try:
        reply = respond(environ)
    except Exception:
        log.exception("exam_lane_failed")
        reply = Reply(500, say(500, exchange.later(pressure.come_again())).body)
    start_response(f"{reply.status} {REASONS[reply.status]}", headers(reply))
    return [reply.body]

"""What browsers tell of a broken policy, as one line of the log each: which rule, which kind of page, from which house. Nothing of anyone."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

log = structlog.get_logger()

LARGEST = 16 * 1024
KINDS = {"application/csp-report", "application/reports+json"}
# anyone may send reports, so only so many a minute are written down by each process
MOST, WINDOW = 30, 60.0
RULES = {
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
}
RULES |= {
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "frame-src",
    "frame-ancestors",
    "form-action",
    "base-uri",
    "object-src",
}


class Allowance:
    """So many in a window of time, then silence until the next one."""

    def __init__(self, most: int, window: float) -> None:
        self.most, self.window = most, window
        self.lock, self.begun, self.taken = threading.Lock(), float("-inf"), 0

    def take(self, at: float) -> bool:
        with self.lock:
            if at - self.begun >= self.window:
                self.begun, self.taken = at, 0
            self.taken += 1
            return self.taken <= self.most


allowance = Allowance(MOST, WINDOW)


def answer(request: HttpRequest) -> HttpResponse:
    """Take a report: 204 whether it is written down or not, so that nobody learns of the allowance."""
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if request.content_type not in KINDS:
        return HttpResponse(status=415)
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = 0
    if not 0 < size <= LARGEST:
        return HttpResponse(status=413)
    for told in reports(request.read(size)):
        if allowance.take(time.monotonic()):
            log.warning("policy_broken", **told)
    return HttpResponse(status=204)


def reports(body: bytes) -> Iterator[dict[str, str]]:
    """The reports of either form that a browser sends; what is none is passed over."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in sent[:20] if isinstance(sent, list) else [sent]:
        if isinstance(one, dict) and isinstance(told := one.get("csp-report", one.get("body")), dict):
            yield {
                "rule": rule(told.get("effective-directive") or told.get("effectiveDirective")),
                "page": page(told.get("document-uri") or told.get("documentURL")),
                "blocked": house(told.get("blocked-uri") or told.get("blockedURL")),
            }


def rule(value: Any) -> str:
    return value if isinstance(value, str) and value in RULES else "other"


def page(value: Any) -> str:
    """The name of the page's address, never the address: that may hold a key."""
    try:
        return resolve(urlsplit(str(value)[:2000]).path).view_name or "unnamed"
    except (Resolver404, ValueError):
        return "unknown"


def house(value: Any) -> str:
    """Scheme and host of what was blocked, or the word that stands for something inline."""
    text = str(value or "")[:2000]
    if text in {"inline", "eval", "data", "blob", "wasm-eval"}:
        return text
    try:
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.hostname}"[:100] if parts.hostname else "unknown"
    except ValueError:
        return "unknown"

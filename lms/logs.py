"""One JSON object a line: time, level, event, request id, user id; never a name, a number or what was typed."""

import logging
import re
import sys
from collections.abc import MutableMapping
from traceback import extract_tb
from typing import Any

import structlog
from django.conf import settings

from lms import numbers

Event = MutableMapping[str, Any]

QUERY = re.compile(r"\?\S+")
CAPABILITY = re.compile(r"(/check/)[^/?\s]+")  # whoever knows the rest of this address may read the certificate


def without_what_was_typed(_logger: Any, _method: str, event: Event) -> Event:
    """Cut query strings and secret addresses; leave out what a library quotes from an exception or a browser."""
    if "celery" in event.get("logger", "") and "exc_info" in event:
        event["event"] = "task_failed"  # Celery's own sentence holds the exception's
    for key in ("event", "request"):
        if isinstance(event.get(key), str):
            event[key] = CAPABILITY.sub(r"\1…", QUERY.sub("?…", event[key]))
    for key in ("user_agent", "error", "result", "args", "kwargs"):
        event.pop(key, None)
    return {key: value if key == "exc_info" else masked(value) for key, value in event.items()}


def masked(value: Any) -> Any:
    """Whoever wrote a number of a person into a line, it leaves masked."""
    if isinstance(value, str):
        return numbers.covered_up(value)
    if isinstance(value, dict):
        return {masked(key): masked(part) for key, part in value.items()}
    if isinstance(value, list | tuple) and type(value) in {list, tuple}:
        return [masked(part) for part in value]
    return value


def places_of_exception(_logger: Any, _method: str, event: Event) -> Event:
    """What was raised and where, the innermost place first; not what it said, which may quote a person's data."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = chain(error)
    return event


def chain(error: BaseException) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = []
    seen: BaseException | None = error
    while seen is not None and len(links) < 5:
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(seen.__traceback__)]
        links.append({"type": f"{type(seen).__module__}.{type(seen).__qualname__}", "places": frames[:-21:-1]})
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return links


def formatter() -> logging.Formatter:
    """The formatter of every handler; it also sets structlog up, so that both roads end in the same lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        # a developer, whose data are invented, sees what the exception says
        *([structlog.processors.format_exc_info] if settings.DEBUG else []),
        without_what_was_typed,
        places_of_exception,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )

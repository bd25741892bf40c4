"""What a report of an error may say: types and places; no number, and nothing that stood in a variable or was typed into a form.

Django makes such reports for mail to the admins, for its debugging page, and for whatever collects errors. With DEBUG, on a developer's
machine where all people are invented, the variables are shown, with numbers masked.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from lms.logs import CAPABILITY
from lms.numbers import covered_up

HIDDEN = "（不显示）"


class Filter(SafeExceptionReporterFilter):
    cleansed_substitute = HIDDEN

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        """Which fields were sent, and never what."""
        sent: Any = super().get_post_parameters(request)
        hidden = QueryDict(mutable=True)
        for name in sent:
            hidden[name] = HIDDEN
        return hidden

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> Any:
        found = super().get_traceback_frame_variables(request, tb_frame)
        if settings.DEBUG:
            return found
        return [(name, Kind(value)) for name, value in found]


class Kind:
    """Stands for a value and shows only what it is one of."""

    def __init__(self, value: object) -> None:
        self.kind = type(value).__name__

    def __repr__(self) -> str:
        return f"<{self.kind}>"


class Reporter(ExceptionReporter):
    """Django's reports with every number of a person masked, in whichever corner it stands."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        if self.request is not None:
            data["request_insecure_uri"] = self.request.path  # what stands behind the ? is what somebody looked for
        data["request_meta"] = {k: v for k, v in (data.get("request_meta") or {}).items() if k != "QUERY_STRING"}
        if not settings.DEBUG:
            # what an exception says quotes what it choked on; and the query and the cookies are somebody's too
            data |= dict.fromkeys(("exception_value", "exception_notes", "unicode_hint", "user_str"), HIDDEN)
            for frame in data.get("frames", ()):
                frame["exc_cause"] = type(frame["exc_cause"]).__name__ if frame.get("exc_cause") else None
            data["request_GET_items"] = [(name, HIDDEN) for name, _value in data.get("request_GET_items") or ()]
            data["request_COOKIES_items"] = []
            if self.request is not None:
                data["request_insecure_uri"] = self.request.path
            data["request_meta"] = {
                name: value for name, value in data["request_meta"].items() if name == "REQUEST_METHOD"
            }
        return data

    def get_traceback_html(self) -> SafeString:
        return bare(str(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return bare(str(super().get_traceback_text()))


def bare(report: str) -> SafeString:
    return mark_safe(CAPABILITY.sub(r"\1…", covered_up(report)))

"""The web application: Django, and beside it the few addresses that a whole city asks for at once."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

django = get_wsgi_application()
lanes = [(start, import_string(name)) for start, name in settings.LANES.items()]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    for start, lane in lanes:
        if path.startswith(start):
            return lane(environ, start_response)
    return django(environ, start_response)

from datetime import datetime

from django.http import HttpRequest

from roster.models import User


class Asking(HttpRequest):
    """A request as the middleware hands it on to a view behind sign-in: from someone known, at one moment."""

    user: User
    now: datetime

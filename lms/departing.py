"""Cookies that end with the sign-in: whatever a floor keeps on the device for the person who is signed in begins with this."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GOES_WITH_SIGN_IN = "__Host-in-" if settings.HTTPS else "in-"


def clear(request: HttpRequest, response: HttpResponse) -> None:
    """Take them off the device, for the next one who holds it."""
    for name in request.COOKIES:
        if name.startswith(GOES_WITH_SIGN_IN):
            response.delete_cookie(name, samesite="Lax")

"""What every template may read about how this person wants the screen."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

THEMES = ("auto", "light", "dark")
PRINTS = ("normal", "large")
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Display:
    """A person's choice of theme and print size; an unknown value counts as not chosen."""

    theme: str = "auto"
    print: str = "normal"

    @classmethod
    def chosen(cls, theme: str | None, print_size: str | None) -> "Display":
        return cls(
            theme=theme if theme in THEMES else cls.theme,
            print=print_size if print_size in PRINTS else cls.print,
        )


def keep(response: HttpResponse, chosen: Mapping[str, str]) -> None:
    """Keep on this device what was chosen of theme and print size; an unknown value changes nothing."""
    for name, choices in {"theme": THEMES, "print": PRINTS}.items():
        if chosen.get(name) in choices:
            response.set_cookie(name, chosen[name], max_age=YEAR, samesite="Lax", secure=settings.HTTPS, httponly=True)


def display(request: HttpRequest) -> dict[str, Display]:
    """Context processor: `display.theme` and `display.print`, from the cookies of the same names."""
    return {"display": Display.chosen(request.COOKIES.get("theme"), request.COOKIES.get("print"))}

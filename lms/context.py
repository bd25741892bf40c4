"""What every template may read about how this person wants the screen."""

from dataclasses import dataclass

from django.http import HttpRequest

THEMES = ("auto", "light", "dark")
PRINTS = ("normal", "large")


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


def display(request: HttpRequest) -> dict[str, Display]:
    """Context processor: `display.theme` and `display.print`, from the cookies of the same names."""
    return {"display": Display.chosen(request.COOKIES.get("theme"), request.COOKIES.get("print"))}

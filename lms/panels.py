"""The back-office dashboard: what waits for this admin, one panel a floor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wagtail.admin.ui.components import Component


@dataclass(frozen=True)
class Waiting:
    """One line: how many of what wait, and where to deal with them. `tone` is "", "warn" or "bad"."""

    text: str
    count: int
    href: str
    tone: str = ""


class WaitingPanel(Component):
    """A titled list of what waits; with nothing waiting it says so."""

    template_name = "lms/cms_waiting.html"

    def __init__(self, title: str, items: list[Waiting], *, order: int = 100) -> None:
        self.title, self.items, self.order = title, items, order

    def get_context_data(self, parent_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {"title": self.title, "items": self.items}

"""The back office's menu in groups, so that it fits a small screen. Each floor adds its places to a group by the group's hook."""

from typing import Any

from django.http import HttpRequest
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem

# the hooks by which a floor adds a place to a group; the menu shows the groups of `roster`, `courses` and `exams`
ROSTER, GROUND = "register_roster_menu_item", "register_ground_menu_item"
TRAINING, EXAMS = "register_training_menu_item", "register_exams_menu_item"


class Group(SubmenuMenuItem):
    """Places that belong together. Of whom may enter only one of them, that one stands in the menu itself."""

    def __init__(self, label: Any, hook: str, **kwargs: Any) -> None:
        super().__init__(label, Menu(register_hook_name=hook), **kwargs)

    def places(self, request: HttpRequest) -> list[MenuItem]:
        return sorted(self.menu.menu_items_for_request(request), key=lambda item: item.order)

    def render_component(self, request: HttpRequest) -> Any:
        places = self.places(request)
        return places[0].render_component(request) if len(places) == 1 else super().render_component(request)


def places(item: MenuItem, request: HttpRequest) -> list[MenuItem]:
    """The places that a line of the menu leads to: itself, or those of its group."""
    return item.places(request) if isinstance(item, Group) else [item]

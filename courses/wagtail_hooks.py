from typing import Any

from django.http import HttpRequest, HttpResponse
from wagtail import hooks
from wagtail.models import Page

from courses import views
from courses.models import CatalogPage, CoursePage, LessonPage

SCREENS = {CatalogPage: views.catalog, CoursePage: views.course, LessonPage: views.lesson}


@hooks.register("before_serve_page")
def serve(page: Page, request: HttpRequest, args: list[Any], kwargs: dict[str, Any]) -> HttpResponse | None:
    """Catalog pages are drawn by our views: what they show depends on who reads."""
    screen = SCREENS.get(type(page))
    return screen(request, page) if screen else None

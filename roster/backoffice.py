"""Wagtail's generic screens with reach: every list, page and export starts from what the user may see."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet


class Scoped:
    """Mixed into a generic view: rows come from the viewset's `scope`, and what is outside is a 404 like the unknown."""

    scope: Any = None
    request: HttpRequest
    kwargs: dict[str, Any]

    def scoped(self) -> QuerySet[Any]:
        return self.scope(self.request.user)

    def get_base_queryset(self) -> QuerySet[Any]:
        return self.scoped()

    def get_object(self, queryset: Any = None) -> Any:
        return get_object_or_404(self.scoped(), pk=self.kwargs["pk"])


class ScopedIndexView(Scoped, generic.IndexView):
    scope = None


class ScopedInspectView(Scoped, generic.InspectView):
    scope = None


class ScopedModelViewSet(ModelViewSet):
    """
    A viewset that reads within reach. `scope(user)` gives the rows; only the list and the single page are routed, because
    what changes a row is a verb with a screen of its own.
    """

    index_view_class = ScopedIndexView
    inspect_view_class = ScopedInspectView
    inspect_view_enabled = True
    copy_view_enabled = False
    add_to_reference_index = False
    list_per_page = 50
    search_backend_name = None

    scope: Callable[..., QuerySet[Any]]

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        given = super().get_common_view_kwargs(**kwargs)
        routed = {"index_url_name", "index_results_url_name", "inspect_url_name"}
        return {name: value for name, value in given.items() if not name.endswith("_url_name") or name in routed}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_index_view_kwargs(**kwargs), "scope": self.scope}

    def get_inspect_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_inspect_view_kwargs(**kwargs), "scope": self.scope}

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            path("", self.index_view, name="index"),
            path("results/", self.index_results_view, name="index_results"),
            path("inspect/<int:pk>/", self.inspect_view, name="inspect"),
        ]

    def register_admin_url_finder(self) -> None:
        """There is no edit page to be found."""

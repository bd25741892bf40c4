"""
What of Wagtail's own back office exists, and for whom. Whatever stands in neither list is a 404 for everybody: users, groups, sites,
collections, workflows, settings, snippets, reports, the history of the whole site, and what an upgrade brings along. Our own screens
have their own guards.
"""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch

from lms.policy import BACK_OFFICE
from roster import reach
from roster.models import Role

# brought along, not written by us
BROUGHT = ("wagtail.", "django.")
# what every page of the back office asks for by itself; by the name of the address, or its route where it has none
EVERYBODY = frozenset(
    {
        "cms/jsi18n/",
        "cms_account",
        "cms_sign_in",
        "wagtailadmin_dismissibles",
        "wagtailadmin_home",
        "wagtailadmin_logout",
    }
    | {"wagtailadmin_sprite", "wagtailadmin_javascript_catalog"}
)
PAGES = "add add_subpage choose_parent copy delete edit history history_results lock move move_confirm preview_on_add preview_on_edit"
PAGES += " revisions_compare revisions_index revisions_revert revisions_unschedule revisions_view search search_results"
PAGES += " set_page_position unlock unpublish usage view_draft"
CHOOSE = "choose choose_results chosen chosen_multiple create"
IMAGES = "add add_multiple create_multiple_from_uploaded_image delete delete_multiple delete_upload_multiple edit edit_multiple"
IMAGES += " image_usage index index_results"
DOCUMENTS = "add add_multiple create_multiple_from_uploaded_document delete delete_multiple delete_upload_multiple document_usage"
DOCUMENTS += " edit edit_multiple index index_results"
LINKS = "page page_child page_search page_chosen_multiple page_external_link page_email_link page_phone_link page_anchor_link"
# the desk of those who write courses: pages, their pictures and documents, and what the editor asks for while one writes
EDITORS = frozenset(
    {"wagtail_bulk_action", "wagtailadmin_block_preview", "wagtailadmin_explore", "wagtailadmin_explore_results"}
    | {"wagtailadmin_explore_root", "wagtailadmin_tag_autocomplete", "wagtailadmin_tag_model_autocomplete"}
    | {"wagtailadmin_api:pages:detail", "wagtailadmin_api:pages:find", "wagtailadmin_api:pages:listing"}
    | {
        "wagtailadmin_editing_sessions:ping",
        "wagtailadmin_editing_sessions:release",
        "wagtailimages_chooser:select_format",
    }
    | {f"wagtailadmin_pages:{name}" for name in PAGES.split()}
    | {f"wagtailadmin_choose_{name}" for name in LINKS.split()}
    | {f"wagtailimages:{name}" for name in IMAGES.split()}
    | {f"wagtaildocs:{name}" for name in DOCUMENTS.split()}
    | {f"wagtail{kind}_chooser:{name}" for kind in ("images", "docs") for name in CHOOSE.split()}
)
# acts on many at once, on nothing but what the editors have
MANY = frozenset({("wagtailcore", "page"), ("wagtailimages", "image"), ("wagtaildocs", "document")})


class Gate:
    """Middleware: decides by the address that was found, before its view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        match = request.resolver_match
        brought = match and request.path.startswith(BACK_OFFICE) and match._func_path.startswith(BROUGHT)
        if match and brought and not opens(match, kwargs, request.user):
            raise Http404


def opens(match: ResolverMatch, kwargs: dict[str, Any], user: Any) -> bool:
    names = {match.view_name, match.route}
    if names & EVERYBODY:
        return True
    if match.view_name == "wagtail_bulk_action" and (kwargs["app_label"], kwargs["model_name"]) not in MANY:
        return False
    return bool(names & EDITORS) and (reach.has(user, Role.EDITOR) or user.is_superuser)

"""Routes. The apps' own routes come by string, so that the ground knows no floor above it."""

from django.conf import settings
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from lms import design, views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("display/", views.display, name="display"),
    path("", include("roster.urls")),
    path("", include("records.urls")),
    path("", include("courses.urls")),
    path("", include("exams.urls")),
    path("", include("mentors.urls")),
    # Wagtail's own account page knows names and pictures that our users do not have
    path("cms/account/", RedirectView.as_view(pattern_name="me"), name="cms_account"),
    # Wagtail's own sign-in knows neither the lock after wrong passwords nor first passwords that have run out
    path("cms/login/", RedirectView.as_view(pattern_name="sign_in"), name="cms_sign_in"),
    # with our own words for what Wagtail leaves in English
    path("cms/jsi18n/", JavaScriptCatalog.as_view(packages=["wagtail.admin", "lms"])),
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("media/<path:path>", views.media, name="media"),
]
if settings.DEBUG:
    urlpatterns.append(path("design/", design.page, name="design"))
# what is left is a page of the catalog
urlpatterns.append(path("study/", include(wagtail_urls)))

handler404 = "lms.views.not_found"

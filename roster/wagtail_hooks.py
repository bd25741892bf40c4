from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from lms.panels import Waiting, WaitingPanel
from roster import cms, cms_lists, cms_roles, kinds, reach, roles
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem, ScopedModelViewSet
from roster.viewsets import GridViewSet, WorkerViewSet

# the back office knows the roster's kinds of import by importing them here
__all__ = ["kinds"]


class GiversMenuItem(MenuItem):
    """Shown to those who may give a role to somebody."""

    def is_shown(self, request: Asking) -> bool:
        return reach.has(request.user, *roles.GIVERS)


@hooks.register("register_admin_viewset")
def viewsets() -> list[ScopedModelViewSet]:
    return [WorkerViewSet(), GridViewSet()]


@hooks.register("register_admin_urls")
def addresses() -> list[URLPattern]:
    return [
        path("views/", cms_lists.saved_views, name="saved_views"),
        path("views/keep/", cms_lists.keep_view, name="keep_view"),
        path("views/<int:view>/rename/", cms_lists.rename_view, name="rename_view"),
        path("views/<int:view>/drop/", cms_lists.drop_view, name="drop_view"),
        path("workers/acts/", cms_lists.act_on_workers, name="act_on_workers"),
        path("batches/", cms_lists.batches, name="batches"),
        path("batches/<int:batch>/", cms_lists.batch, name="batch"),
        path("batches/<int:batch>/undo/", cms_lists.undo_batch, name="undo_batch"),
        path("passwords/", cms.password_sheets, name="password_sheets"),
        path("passwords/prepare/", cms.prepare_passwords, name="prepare_passwords"),
        path("passwords/<int:sheet>/", cms.password_sheet, name="password_sheet"),
        path("passwords/<int:sheet>/open/", cms.open_passwords, name="open_passwords"),
        path("passwords/worker/<int:worker>/", cms.reset_worker, name="reset_worker"),
        path("roles/", cms_roles.role_holders, name="role_holders"),
        path("roles/give/", cms_roles.give_role, name="give_role"),
        path("roles/new/", cms_roles.new_holder, name="new_holder"),
        path("roles/<int:grant>/end/", cms_roles.end_role, name="end_role"),
        path("roles/<int:grant>/password/", cms_roles.reset_holder, name="reset_holder"),
    ]


@hooks.register("register_admin_menu_item")
def first_passwords() -> MenuItem:
    hint = _("按乡镇（街道）生成，打印后发给本人")
    return AdminsMenuItem(
        _("首次密码"), reverse("password_sheets"), name="passwords", icon_name="key", attrs={"title": hint}, order=130
    )


@hooks.register("register_admin_menu_item")
def role_holders() -> MenuItem:
    hint = _("开管理账号，给角色，终止角色")
    return GiversMenuItem(
        _("人员与角色"), reverse("role_holders"), name="roles", icon_name="lock", attrs={"title": hint}, order=140
    )


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    if not reach.has(request.user, *reach.ADMINS):
        return
    waiting = cms.waiting_within(request.user)
    items = (
        [Waiting(str(_("人还没有自己的密码，登不上")), waiting, reverse("password_sheets"), "warn")] if waiting else []
    )
    panels.append(WaitingPanel(str(_("名册")), items, order=10))

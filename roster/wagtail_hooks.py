from typing import Any

from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from lms import menus
from lms.panels import Waiting, WaitingPanel
from roster import (
    certificates,
    cms,
    cms_accounts,
    cms_audit,
    cms_coverage,
    cms_export,
    cms_file,
    cms_forget,
    cms_grids,
    cms_jobs,
    cms_life,
    cms_lists,
    cms_notices,
    cms_roles,
    cms_rules,
    cms_second_factor,
    cms_territory,
    cms_townships,
    cms_unmask,
    corrections,
    kinds,
    reach,
    roles,
)
from roster.asking import Asking
from roster.backoffice import AdminsMenuItem, ScopedModelViewSet
from roster.models import Duty, Role
from roster.viewsets import GridViewSet, WorkerViewSet

# the back office knows the roster's kinds of import by importing them here
__all__ = ["kinds"]


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
        path("roster/export/", cms_export.roster_export, name="roster_export"),
        path("roles/", cms_roles.role_holders, name="role_holders"),
        path("roles/give/", cms_roles.give_role, name="give_role"),
        path("roles/new/", cms_roles.new_holder, name="new_holder"),
        path("roles/<int:grant>/end/", cms_roles.end_role, name="end_role"),
        path("roles/<int:grant>/password/", cms_roles.reset_holder, name="reset_holder"),
        path("accounts/", cms_accounts.find_account, name="find_account"),
        path("accounts/<int:user>/", cms_accounts.account, name="account"),
        path("jobs/", cms_jobs.job_list, name="job_list"),
        path("jobs/<int:task>/again/", cms_jobs.job_again, name="job_again"),
    ]


@hooks.register("register_admin_urls")
def ground() -> list[URLPattern]:
    """Divisions, grids and how they are covered."""
    territory, townships, grids, coverage = cms_territory, cms_townships, cms_grids, cms_coverage
    return [
        path("divisions/", territory.territories, name="territories"),
        path("divisions/<int:place>/", territory.territory, name="territory"),
        path("divisions/<int:place>/rename/", territory.rename_territory, name="rename_territory"),
        path("divisions/<int:place>/merge/", territory.merge_territories, name="merge_territories"),
        path("divisions/<int:place>/split/", territory.split_territory, name="split_territory"),
        path("divisions/<int:place>/divide/", townships.split_township, name="split_township"),
        path("divisions/<int:place>/move/", townships.move_communities, name="move_communities"),
        path("divisions/<int:place>/end/", territory.end_territory, name="end_territory"),
        path("divisions/<int:place>/assign/", grids.assign_grids, name="assign_grids"),
        path("divisions/<int:place>/renumber/", grids.renumber_grids, name="renumber_grids"),
        path("grids/<int:grid>/split/", grids.split_one_grid, name="split_grid"),
        path("grids/<int:grid>/retire/", grids.retire_grid, name="retire_grid"),
        path("grids/posting/<int:posting>/end/", grids.end_posting, name="end_posting"),
        path("grids/acts/", grids.grid_batches, name="grid_batches"),
        path("grids/acts/<int:batch>/undo/", grids.undo_batch, name="undo_grid_batch"),
        path("coverage/", coverage.coverage_report, name="coverage"),
        path("coverage/townships/", coverage.coverage_townships, name="coverage_townships"),
        path("coverage/table/", coverage.coverage_xlsx, name="coverage_xlsx"),
    ]


@hooks.register("register_admin_menu_item")
def roster_group() -> MenuItem:
    return menus.Group(_("名册"), menus.ROSTER, name="roster", icon_name="group", order=110)


@hooks.register("register_admin_menu_item")
def ground_group() -> MenuItem:
    return menus.Group(_("网格和区划"), menus.GROUND, name="ground", icon_name="site", order=115)


@hooks.register(menus.GROUND)
def divisions() -> MenuItem:
    hint = _("看区划、以前的名称和变动；县级在这里办更名、合并、拆分、划转")
    return AdminsMenuItem(
        _("区划"),
        reverse("territories"),
        wanted=(Duty.ROSTER,),
        name="territories",
        icon_name="folder-open-1",
        attrs={"title": hint},
        order=116,
    )


@hooks.register(menus.GROUND)
def coverage() -> MenuItem:
    hint = _("哪些网格太大太小、没人负责，哪些乡镇没有小教员")
    return AdminsMenuItem(
        _("网格覆盖"),
        reverse("coverage"),
        wanted=(Duty.ROSTER,),
        name="coverage",
        icon_name="view",
        attrs={"title": hint},
        order=117,
    )


@hooks.register("register_admin_urls")
def life_addresses() -> list[URLPattern]:
    return [
        path("workers/propose/", cms_life.propose, name="propose_worker"),
        path("workers/<int:worker>/step/<slug:kind>/", cms_life.step, name="worker_step"),
        path("workers/<int:worker>/take-back/", cms_life.take_back, name="worker_take_back"),
        path("workers/<int:worker>/change/", cms_file.change, name="worker_change"),
        path("workers/<int:worker>/numbers/", cms_unmask.unmask, name="unmask_worker"),
        path("workers/<int:worker>/forget/", cms_forget.forget, name="forget_worker"),
        path("workers/certificates/", cms_rules.expiring, name="certificates_expiring"),
        path("steps/<int:step>/scan/", cms_life.scan, name="step_scan"),
        path("corrections/", cms_file.waiting, name="corrections"),
        path("corrections/<int:correction>/", cms_file.decide, name="correction"),
        path("ladder/", cms_rules.bands, name="post_bands"),
        path("ladder/<int:band>/", cms_rules.band, name="post_band"),
        path("agreements/", cms_rules.agreement_versions, name="agreement_versions"),
        path("agreements/publish/", cms_rules.publish_agreement, name="publish_agreement"),
        path("notices/", cms_notices.notice_versions, name="notice_versions"),
        path("notices/publish/", cms_notices.publish_notice, name="publish_notice"),
    ]


@hooks.register(menus.ROSTER)
def first_passwords() -> MenuItem:
    hint = _("按乡镇（街道）生成，打印后发给本人")
    return AdminsMenuItem(
        _("首次密码"),
        reverse("password_sheets"),
        wanted=(Duty.ACCOUNTS,),
        name="passwords",
        icon_name="key",
        attrs={"title": hint},
        order=130,
    )


@hooks.register("register_admin_menu_item")
def role_holders() -> MenuItem:
    hint = _("开管理账号，给角色，终止角色")
    return AdminsMenuItem(
        _("人员与角色"),
        reverse("role_holders"),
        wanted=roles.READERS,
        name="roles",
        icon_name="lock",
        attrs={"title": hint},
        order=240,
    )


@hooks.register("register_admin_menu_item")
def accounts() -> MenuItem:
    hint = _("停用账号，让一个账号在所有设备上退出")
    wanted = (Role.SECURITY_ADMIN,)
    return AdminsMenuItem(
        _("账号"),
        reverse("find_account"),
        wanted=wanted,
        name="accounts",
        icon_name="user",
        attrs={"title": hint},
        order=245,
    )


@hooks.register("register_admin_menu_item")
def running() -> MenuItem:
    hint = _("系统运行情况和后台任务")
    wanted = (Role.SYSTEM_ADMIN,)
    return AdminsMenuItem(
        _("运行情况"),
        reverse("job_list"),
        wanted=wanted,
        name="jobs",
        icon_name="cogs",
        attrs={"title": hint},
        order=250,
    )


@hooks.register(menus.ROSTER)
def worker_corrections() -> MenuItem:
    hint = _("网格员说自己的资料有误，核对后更正")
    return AdminsMenuItem(
        _("更正申请"),
        reverse("corrections"),
        wanted=(Duty.ROSTER,),
        name="corrections",
        icon_name="edit",
        attrs={"title": hint},
        order=120,
    )


@hooks.register(menus.ROSTER)
def worker_agreements() -> MenuItem:
    hint = _("各版保密协议，谁签了，发布新版")
    return AdminsMenuItem(
        _("保密协议"),
        reverse("agreement_versions"),
        wanted=(Duty.ROSTER,),
        name="agreements",
        icon_name="doc-full",
        attrs={"title": hint},
        order=150,
    )


@hooks.register(menus.ROSTER)
def notices_of_what_is_kept() -> MenuItem:
    hint = _("各版告知书，谁读了，发布新版")
    return AdminsMenuItem(
        _("个人信息告知"),
        reverse("notice_versions"),
        name="notices",
        icon_name="info-circle",
        attrs={"title": hint},
        order=152,
    )


@hooks.register(menus.ROSTER)
def ladder_of_posts() -> MenuItem:
    hint = _("四岗十八级：每个岗位可以定的级")
    return AdminsMenuItem(
        _("岗位等级"),
        reverse("post_bands"),
        wanted=(Duty.ROSTER,),
        name="ladder",
        icon_name="list-ol",
        attrs={"title": hint},
        order=155,
    )


class AuditMenuItem(MenuItem):
    """Shown to auditors alone."""

    def is_shown(self, request: Asking) -> bool:
        return cms_audit.is_auditor(request.user)


@hooks.register("register_admin_urls")
def audit_addresses() -> list[URLPattern]:
    return [
        path("audit/", cms_audit.audit_log, name="audit_log"),
        path("audit/<int:entry>/", cms_audit.audit_entry, name="audit_entry"),
        path("audit/chain/", cms_audit.audit_chain_state, name="audit_chain"),
        path("audit/table/", cms_audit.audit_xlsx, name="audit_xlsx"),
    ]


@hooks.register("register_admin_menu_item")
def audit_log() -> MenuItem:
    hint = _("查谁在什么时候做了什么，看记录是不是完整")
    return AuditMenuItem(
        _("审计记录"), reverse("audit_log"), name="audit", icon_name="history", attrs={"title": hint}, order=245
    )


@hooks.register("construct_homepage_panels")
def chain_broken(request: Asking, panels: list[Any]) -> None:
    """Nothing is more urgent for an auditor."""
    if not cms_audit.is_auditor(request.user):
        return
    faults = cms_audit.faults()
    items = [Waiting(str(_("处审计记录不完整，请马上看")), faults, reverse("audit_chain"), "bad")] if faults else []
    panels.append(WaitingPanel(str(_("审计")), items, order=1))


@hooks.register("construct_homepage_panels")
def what_waits(request: Asking, panels: list[Any]) -> None:
    user, today = request.user, timezone.localdate(request.now)
    if reach.has(user, *roles.READERS):
        ending = roles.expiring(user, today=today).count()
        said, url = str(_("个角色三十天内到期")), f"{reverse('role_holders')}?show=soon"
        panels.append(
            WaitingPanel(str(_("人员与角色")), [Waiting(said, ending, url, "warn")] if ending else [], order=8)
        )
    if not reach.has(user):
        return
    items = []
    if waiting := cms.waiting_within(user):
        items.append(Waiting(str(_("人还没有自己的密码，登不上")), waiting, reverse("password_sheets"), "warn"))
    if nobody := cms_coverage.nobody_within(user):
        items.append(Waiting(str(_("个网格没有人负责")), nobody, f"{reverse('grids:index')}?hands=nobody", "warn"))
    asked = corrections.visible_to(user).filter(state=corrections.WAITING).count()
    if asked:
        items.append(Waiting(str(_("份更正申请等处理")), asked, reverse("corrections"), "warn"))
    due = certificates.due(reach.workers(user, Duty.ROSTER), today=today).count()
    if due:
        items.append(Waiting(str(_("人的社工证登记到期或快到期")), due, reverse("certificates_expiring"), "warn"))
    panels.append(WaitingPanel(str(_("名册")), items, order=10))


@hooks.register("register_admin_urls")
def second_factor_addresses() -> list[URLPattern]:
    return cms_second_factor.ADDRESSES


@hooks.register("register_admin_menu_item")
def second_factor_item() -> MenuItem:
    return cms_second_factor.menu_item()

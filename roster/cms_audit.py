"""The auditor's screens: search the audit log, read an entry, see whether the chain is whole. An auditor changes nothing, and each look is noted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Max
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lms import audit, audit_chain, audit_verify, audit_words, exported, times, workbooks
from lms.models import AuditAnchor, AuditCheck, AuditEntry, AuditLink
from roster import audit_search, identity, reach
from roster.asking import Asking
from roster.audit_search import Search
from roster.models import Level, Role, Territory, User

MOST = 10_000  # rows of an export
LATE = timedelta(days=2)  # a check is made every night


def is_auditor(user: User) -> bool:
    """Nobody else, and not the superuser either: who runs the system does not read over the auditor's shoulder."""
    return not user.is_superuser and reach.has(user, Role.AUDITOR)


def auditors(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(request: Asking, *args: Any, **kwargs: Any) -> Any:
        if not is_auditor(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(require_safe(guarded))


@auditors
def audit_log(request: Asking) -> HttpResponse:
    search = audit_search.asked(request.GET)
    rows, older = audit_search.page(search, request.GET.get("before", ""))
    audit.note("audit.read", now=request.now, actor=request.user, **search.figures)
    query = {name: one for name, one in search.typed.items() if one}
    context = {
        "search": search,
        "found": audit_search.told(rows),
        "query": urlencode(query),
        "older": urlencode({**query, "before": older}) if older else "",
        "later": "before" in request.GET,
        "namesakes": namesakes(search),
        "groups": [
            (f"{number}", title, list(ones.items()))
            for number, (title, ones) in enumerate(audit_words.groups().items())
        ],
        "places": places(),
        "state": state(request.now),
        "page_title": _("审计记录"),
    }
    return render(request, "roster/cms_audit.html", context)


def places() -> list[tuple[Territory, list[Territory]]]:
    """The counties, each with its townships."""
    wanted = Territory.objects.current().filter(level__in=[Level.COUNTY, Level.TOWNSHIP]).order_by("code")
    counties: dict[int, tuple[Territory, list[Territory]]] = {}
    below: list[Territory] = []
    for one in wanted:
        if one.level == Level.COUNTY:
            counties[one.pk] = (one, [])
        else:
            below.append(one)
    for one in below:
        if one.parent_id in counties:
            counties[one.parent_id][1].append(one)
    return list(counties.values())


def namesakes(search: Search) -> list[dict[str, str]]:
    """Where a name is that of several: each by the sign-in name, to look for one of them alone."""
    shown = []
    for name, users in (("who", search.who), ("about", search.about)):
        if len(users) < 2:
            continue
        for user in users:
            worker = getattr(user, "worker", None)
            place = f"{worker.township.parent.name}{worker.township.name}" if worker else ""
            query = {key: one for key, one in search.typed.items() if one} | {name: user.username}
            shown.append(
                {"words": f"{identity.mask_name(user.name)}（{user.username}）{place}", "query": urlencode(query)}
            )
    return shown


def state(now: datetime) -> dict[str, str]:
    """Whether the chain is whole, in one plain sentence."""
    last = AuditCheck.objects.first()
    if last is None:
        return {"tone": "bo-warn", "words": _("还没有核对过记录链。每天凌晨三点以后核对一次。")}
    at = times.in_full(last.at)
    if last.fault:
        words = _("%(at)s核对：记录链不完整，共 %(n)d 处。第一处：%(first)s请马上报告。")
        first = audit_verify.sentence(last.fault, last.fault_position, last.fault_entry)
        return {"tone": "bo-bad", "words": words % {"at": at, "n": last.faults, "first": first}}
    waiting = waiting_for_link()
    words = _("%(at)s核对：完整，共 %(n)s 条，没有缺、没有改。")
    said = {"tone": "bo-ok", "words": words % {"at": at, "n": f"{last.links:,}"}}
    if last.at < now - LATE:
        said = {"tone": "bo-warn", "words": said["words"] + _("两天没有再核对了，请系统管理员看看定时任务。")}
    if waiting:
        said["words"] += _("有 %d 条刚写下，正等着连上。") % waiting
    return said


def faults() -> int:
    """How many the last check found."""
    last = AuditCheck.objects.first()
    return last.faults if last else 0


def waiting_for_link() -> int:
    newest = AuditLink.objects.aggregate(newest=Max("entry"))["newest"] or 0
    return audit_chain.unlinked(above=max(0, newest - audit_chain.WINDOW)).count()


@auditors
def audit_entry(request: Asking, entry: int) -> HttpResponse:
    found = get_object_or_404(AuditEntry.objects.select_related("actor"), pk=entry)
    link = AuditLink.objects.filter(entry=found.pk).first()
    audit.note("audit.entry_read", now=request.now, actor=request.user, subject=found)
    (told,) = audit_search.told([found])
    context = {
        "told": told,
        "link": link,
        "true": audit_chain.true(found),
        "page_title": _("审计记录 %d") % found.pk,
        "page_subtitle": told.action,
    }
    return render(request, "roster/cms_audit_entry.html", context)


@auditors
def audit_chain_state(request: Asking) -> HttpResponse:
    """What the checks found, the head to be kept elsewhere, and what was archived."""
    checks = [
        (one, audit_verify.sentence(one.fault, one.fault_position, one.fault_entry) if one.fault else "")
        for one in AuditCheck.objects.all()[:30]
    ]
    context = {
        "state": state(request.now),
        "head": audit_chain.head(),
        "key": audit.print_of_key(),
        "checks": checks,
        "anchors": AuditAnchor.objects.order_by("-position")[:30],
        "oldest": AuditEntry.objects.order_by("at").values_list("at", flat=True).first(),
        "days": settings.AUDIT_DAYS,
        "page_title": _("记录链"),
    }
    return render(request, "roster/cms_audit_chain.html", context)


@auditors
def audit_xlsx(request: Asking) -> FileResponse:
    search = audit_search.asked(request.GET)
    rows = list(audit_search.entries(search)[:MOST])
    audit.note("audit.exported", now=request.now, actor=request.user, rows=len(rows), **search.figures)
    notes = [_("共 %d 条 · 姓名已隐去中间的字") % len(rows)]
    if len(rows) == MOST:
        notes.append(_("只导出了最新的 %d 条。请缩小时间再导出其余的。") % MOST)
    titles = [
        _("编号"),
        _("时间"),
        _("谁"),
        _("登录号"),
        _("做了什么"),
        _("代码"),
        _("对谁、对什么"),
        _("哪里"),
        _("详情"),
    ]
    formats = ["0", "yyyy-mm-dd hh:mm:ss", *[""] * 7]
    data = workbooks.book(
        _("审计记录"),
        title=_("审计记录"),
        notes=notes,
        columns=list(zip(titles, formats, strict=True)),
        rows=[sheet_row(one) for one in audit_search.told(rows)],
        mark=exported.mark(request.user, now=request.now),
    )
    return workbooks.answer(data, name=_("审计记录.xlsx"))


def sheet_row(told: audit_search.Told) -> list[workbooks.Value]:
    entry = told.entry
    about = f"{told.subject} {told.subject_who}".strip()
    detail = "；".join(f"{name} {value}" for name, value in told.detail)
    return [entry.pk, entry.at, told.who, told.who_id, told.action, entry.action, about, told.place, detail]

"""The system administrator's screen: whether the installation runs, and its background work. No names, no data, no sentences of others."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from lms import jobs, views
from lms.models import Job, JobState
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Role

SYSTEM = reach.only(Role.SYSTEM_ADMIN)
# what a kind of work is called; one that is not here yet is shown by its code
WORKS = {
    "lms.read_import": lazy("读取上传的表"),
    "lms.apply_import": lazy("导入"),
    "lms.undo_import": lazy("撤回导入"),
    "roster.first_passwords": lazy("生成首次密码"),
    "roster.send_codes": lazy("发送验证码"),
    "roster.send_email_code": lazy("发送核对邮箱的验证码"),
    "roster.act": lazy("批量操作"),
    "roster.undo_act": lazy("撤回批量操作"),
    "records.draft": lazy("年度初评"),
    "exams.draw": lazy("抽卷"),
    "exams.weigh": lazy("核对作答情况"),
    "audit.daily": lazy("每天核对审计记录"),
}


@SYSTEM
@never_cache
@require_safe
def job_list(request: Asking) -> HttpResponse:
    shown = request.GET.get("state", "")
    shown = shown if shown in JobState.values else ""
    # what was asked for and what came of it belong to those whose work it is
    found = Job.objects.defer("args", "message").order_by("-pk")
    counts = dict(Job.objects.values_list("state").annotate(n=Count("pk")).order_by())
    page = Paginator(found.filter(state=shown) if shown else found, 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(job, WORKS.get(job.kind, job.kind)) for job in page],
        "tabs": [
            ("", _("全部"), sum(counts.values())),
            *((s.value, s.label, counts.get(s.value, 0)) for s in JobState),
        ],
        "shown": shown,
        "checks": [
            (_("数据库"), views.database_answers()),
            (_("文件存储"), views.storage_answers()),
            (_("后台任务进程"), views.worker_keeps_up()),
        ],
        "page_title": _("运行情况"),
    }
    return render(request, "roster/cms_jobs.html", context)


@SYSTEM
@require_POST
def job_again(request: Asking, task: int) -> HttpResponse:
    found = get_object_or_404(Job, pk=task)
    try:
        jobs.again(found, by=request.user, now=request.now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("已重新排队。它按原来的人的权限继续，那个人没有权限了就会停下。"))
    return redirect("job_list")

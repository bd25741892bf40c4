"""What a step will bring about, told before it is taken."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from roster import steps
from roster.models import Grid, Posting, StepKind, Worker, WorkerState


def of(worker: Worker, kind: str) -> list[str]:
    """Whole sentences, the weightiest first."""
    held = list(Posting.objects.current().filter(worker=worker).select_related("grid__community"))
    alone = alone_in(worker, held)
    said = [_("%s就没有人在岗了，请尽快安排别人。") % grid for grid in alone] if kind in LOSING else []
    if kind in steps.CLOSING:
        said += [_("从这一天起不再负责%s。") % posting.grid for posting in held]
        if worker.user and worker.user.is_active:
            said.append(_("账号马上停用：正打开着的页面也不能再用。学过的、考过的都保留。"))
        if worker.listed_as_mentor:
            said.append(_("名册上标为小教员。还在任的，请到“小教员”里结束任职。"))
    said += [str(sentence) for sentence in ALWAYS.get(kind, ())]
    return said


def alone_in(worker: Worker, held: list[Posting]) -> list[Grid]:
    """The grids in which nobody else is in post."""
    grids = [posting.grid_id for posting in held]
    others = Posting.objects.current().filter(grid__in=grids, worker__state=WorkerState.ACTIVE).exclude(worker=worker)
    shared = set(others.values_list("grid", flat=True))
    return [posting.grid for posting in held if posting.grid_id not in shared]


LOSING: frozenset[str] = frozenset({StepKind.SUSPEND, StepKind.LEND, StepKind.REASSIGN, StepKind.LEAVE})
ALWAYS: dict[str, list[Any]] = {
    StepKind.TRAIN: [lazy("可以在“首次密码”里给他发密码，上平台参加岗前培训。")],
    StepKind.START: [lazy("从这一天起算在岗：必修课和考试会安排给他。"), lazy("上岗以后请给他安排网格。")],
    StepKind.SUSPEND: [lazy("网格和账号都保留；停职期间不安排考试，不算在岗人数。")],
    StepKind.LEND: [lazy("网格和账号都保留；借调期间不安排考试，不算在岗人数。")],
    StepKind.RETURN: [lazy("回到在岗，原来的网格不变。")],
    StepKind.REHIRE: [lazy("账号重新启用。原来的网格不会自动恢复，请另外安排。")],
}

"""The steps of a worker's service as one table: from which state each may be taken, where it leads, and what it must say. Pure data."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from roster.models import Role, StepKind, WorkerState

S, K = WorkerState, StepKind

# 拟聘 → 岗前培训 → 在岗 ⇄ 停职 / 借调 → 已调整岗位 | 已退出 → 在岗; taking back goes wherever the step came from
TRANSITIONS: dict[str, dict[str, str]] = {
    K.PROPOSE: {"": S.PROPOSED},
    K.TRAIN: {S.PROPOSED: S.TRAINING},
    K.START: {S.TRAINING: S.ACTIVE},
    K.SUSPEND: {S.ACTIVE: S.SUSPENDED},
    K.LEND: {S.ACTIVE: S.LENT},
    K.RETURN: {S.SUSPENDED: S.ACTIVE, S.LENT: S.ACTIVE},
    K.REASSIGN: {S.ACTIVE: S.REASSIGNED, S.SUSPENDED: S.REASSIGNED, S.LENT: S.REASSIGNED},
    K.LEAVE: {S.PROPOSED: S.LEFT, S.TRAINING: S.LEFT, S.ACTIVE: S.LEFT, S.SUSPENDED: S.LEFT, S.LENT: S.LEFT},
    K.REHIRE: {S.LEFT: S.ACTIVE, S.REASSIGNED: S.ACTIVE},
}
# whoever is in one of these is in service and keeps their grids
SERVING = frozenset({S.ACTIVE, S.SUSPENDED, S.LENT})
GONE = frozenset({S.REASSIGNED, S.LEFT})
# these end the service: grids are given up with the date and the account is closed the same day
CLOSING = frozenset({K.REASSIGN, K.LEAVE})
OPENING = frozenset({K.REHIRE})
# who may take it, where not every admin within whose reach the worker is
TAKERS: dict[str, tuple[str, ...]] = {K.REHIRE: (Role.COUNTY_ADMIN, Role.CITY_ADMIN)}

# the four of the city's rule, for which someone is moved, replaced or dismissed
REMOVAL = {
    "attitude": _("态度不积极"),
    "duty": _("履职不到位"),
    "ability": _("能力不匹配"),
    "unfit": _("工作不适应"),
}
OUTCOMES = {"adjust": _("调整"), "replace": _("更换"), "dismiss": _("清退")}
# an outcome belongs to the step that brings it about
OUTCOME_OF: dict[str, tuple[str, ...]] = {K.REASSIGN: ("adjust",), K.LEAVE: ("replace", "dismiss")}
ORDINARY = {
    "resigned": _("辞职"),
    "expired": _("到期不续"),
    "retired": _("退休"),
    "died": _("死亡"),
    "transferred": _("转任（调出）"),
    "arranged": _("工作需要"),
    "inquiry": _("配合调查"),
    "illness": _("因病因事长期离岗"),
    "declined": _("未能聘用"),
    "other": _("其他"),
}
REASONS: dict[str, object] = {**REMOVAL, **ORDINARY}
REASONS_OF: dict[str, tuple[str, ...]] = {
    K.SUSPEND: ("inquiry", *REMOVAL, "illness", "other"),
    K.LEND: ("arranged", "other"),
    K.REASSIGN: (*REMOVAL, "arranged", "other"),
    K.LEAVE: (*REMOVAL, "resigned", "expired", "retired", "died", "transferred", "declined", "other"),
}
MUST_HAVE_REASON = frozenset({K.SUSPEND, K.REASSIGN, K.LEAVE})
MUST_HAVE_NOTE = frozenset({K.REHIRE, K.TAKE_BACK})


def after(kind: str, state: str) -> str | None:
    """Where a step leads from a state; None where it may not be taken from it."""
    return TRANSITIONS.get(kind, {}).get(state)


def possible(state: str) -> list[str]:
    """The steps that may be taken from a state, in the order of a service."""
    return [kind for kind, routes in TRANSITIONS.items() if state and state in routes]


def outcomes(kind: str, reason: str) -> tuple[str, ...]:
    """The outcomes to choose from: for the reasons of the city's rule alone."""
    return OUTCOME_OF.get(kind, ()) if reason in REMOVAL else ()


def reasons(kind: str, state: str) -> tuple[str, ...]:
    """The reasons to choose from for somebody in this state: who is not in service yet cannot be removed from it."""
    if kind == K.LEAVE and state not in SERVING:
        return ("declined", "resigned", "died", "other")
    return tuple(code for code in REASONS_OF.get(kind, ()) if code != "declined")


def words(code: str, table: Mapping[str, object] = REASONS) -> str:
    """What a code of a table is called; the code itself where the table has lost it."""
    return str(table.get(code, code))

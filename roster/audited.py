"""What the roster notes, in words."""

from django.utils.translation import gettext_lazy as _

from roster import steps
from roster.models import ChangeKind, Role, StepKind

ACTIONS = {
    _("密码和二次验证"): {
        "passwords.prepared": _("生成首次密码"),
        "passwords.printed": _("打印首次密码"),
        "password.reissued": _("重新发放密码"),
        "password.chosen": _("换密码"),
    },
    _("角色和权限"): {
        "role.granted": _("给角色"),
        "role.revoked": _("终止角色"),
    },
    _("个人资料"): {
        "worker.changed": _("改档案"),
        "correction.asked": _("申请更正"),
        "correction.withdrawn": _("撤回更正申请"),
        "correction.accepted": _("同意更正"),
        "correction.refused": _("不采纳更正"),
        "scan.opened": _("打开扫描件"),
        "agreement.published": _("发布保密协议"),
        "agreement.signed": _("签署保密协议"),
    },
    _("任职"): {
        **{f"worker.{kind}": label for kind, label in StepKind.choices},
        **{f"workers.{kind}": _("批量：%s") % label for kind, label in StepKind.choices},
        "batch.begun": _("开始批量办理"),
        "batch.undone": _("撤回批量办理"),
        "ladder.set": _("改岗位等级"),
    },
    _("区划和网格"): {
        **{f"territory.{kind}": _("区划%s") % label for kind, label in ChangeKind.choices},
        "grids.assign": _("指派网格"),
        "grids.unassign": _("结束负责网格"),
        "grids.split": _("拆分网格"),
        "grids.renumber": _("网格重新编号"),
        "grids.retire": _("停用网格"),
        "grids.undone": _("撤回网格办理"),
    },
    _("导入和导出"): {
        "roster.exported": _("导出花名册"),
        "coverage.exported": _("导出网格覆盖"),
    },
}
SUBJECTS = {
    "roster.user": _("账号"),
    "roster.worker": _("网格员"),
    "roster.rolegrant": _("角色"),
    "roster.territory": _("区划"),
    "roster.grid": _("网格"),
    "roster.batch": _("批量办理"),
    "roster.step": _("任职的一步"),
    "roster.correction": _("更正申请"),
    "roster.passwordsheet": _("首次密码单"),
    "roster.postband": _("岗位等级"),
    "roster.agreement": _("保密协议"),
}
DETAILS = {
    "role": _("角色"),
    "step": _("哪一步"),
    "outcome": _("处理"),
    "act": _("办什么"),
    "people": _("人数"),
    "version": _("版本"),
    "before": _("原来的"),
    "after": _("后来的"),
    "was": _("原来"),
    "lowest": _("最低"),
    "highest": _("最高"),
    "pending": _("待定"),
    "worker": _("网格员"),
    "number": _("号"),
}
VALUES = {"role": dict(Role.choices), "reason": steps.REASONS, "outcome": steps.OUTCOMES}

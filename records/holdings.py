"""What the records hold of people."""

from typing import Any

from django.core.files.storage import storages
from django.db.models import Q

from lms.personal import Gone, declare, files, nothing

LONG = "随档案长期保留；人被删除以后只剩编号，全县合计不变"

nothing("records.Skill", "code name subject required_of")
nothing("records.CertificateCounter")
nothing("records.Scheme", "employment name bands excellent_grade")
nothing("records.Indicator", "name formula")
declare(
    "records.SkillRecord",
    about="技能档案",
    holds={
        "kind": "哪一类",
        "title": "学了什么、考了什么",
        "subject": "科目",
        "amount": "学时、分数",
        "result": "结果",
        "occurred_at": "什么时候",
        "source": "从哪里来",
        "reason": "冲销的原因",
    },
    plain="mode link",
    why="记学时、成绩、技能和实绩，作为年度考核的依据",
    long=LONG,
    gone=Gone.EMPTIED,
    of="worker",
    empties="reason",
)
declare(
    "records.Certificate",
    about="证书",
    holds={
        "number": "证书编号",
        "token": "查验地址里不能猜的一段",
        "holder": "持证人姓名",
        "title": "证书名称",
        "sentence": "证书正文",
        "issued_on": "发证日期",
        "revoked_reason": "撤销原因",
    },
    plain="source issuer",
    inner="token",
    why="发证、公开查验（查验页遮住姓名）",
    long=LONG,
    gone=Gone.EMPTIED,
    of="worker",
    empties="revoked_reason",
    renames="holder",
    mentions="sentence",
)
declare(
    "records.Round",
    plain="state override_reason",
    hands="drafted_by settled_by",
    why="谁初评、谁审定",
    long="长期保留",
)
declare(
    "records.Assessment",
    about="年度考核",
    holds={"lines": "每一项怎么算的", "score": "得分", "grade": "等次", "reason": "不定等次等的原因"},
    why="年度考核，按办法与报酬、岗位等级挂钩",
    long=LONG,
    gone=Gone.EMPTIED,
    of="worker",
    empties="reason",
    shown=lambda now: Q(round__state="settled"),
)


@files
def drawn_certificates(worker: Any) -> list[str]:
    """Pictures of certificates, of all editions; they are drawn anew when they are asked for."""
    tokens = tuple(worker.certificates.values_list("token", flat=True))
    folder = "certificates"
    try:
        _folders, names = storages["private"].listdir(folder)
    except FileNotFoundError:
        return []
    return [f"{folder}/{name}" for name in names if tokens and name.startswith(tokens)]

"""What the exams hold of people."""

from datetime import datetime

from django.db.models import Q

from lms.personal import Gone, declare, nothing

WHY = "组织考试、评分，成绩进档案"
LONG = "随档案长期保留；人被删除以后只剩编号"


def out(now: datetime, way: str = "") -> Q:
    """Rows of exams that show their results by now."""
    exam = f"{way}exam__"
    return Q(**{f"{exam}results_at__lte": now}) | Q(**{f"{exam}results_at": None, f"{exam}closes_at__lte": now})


nothing("exams.Bank", "name subject")
nothing("exams.Question", "kind material stem options key points reference explanation basis course_slug picture_text")
nothing("exams.Picture", "key file")
declare(
    "exams.Exam",
    plain="title kind sections employment layout counts seed",
    hands="created_by",
    why="谁出的这场考试",
    long="长期保留",
)
nothing("exams.PaperItem", "kind content")
declare(
    "exams.Listed",
    about="考试名单",
    holds={"worker": "列在名单上"},
    why=WHY,
    long=LONG,
    gone=Gone.KEPT,
    of="worker",
)
declare(
    "exams.Attempt",
    about="考试",
    holds={
        "paper": "发给本人的试题顺序",
        "state": "考试的状态",
        "device": "作答设备的随机编号",
        "ready_at": "考前检查的时间",
        "opens_at": "另定的开考时间",
        "closes_at": "另定的截止时间",
        "receipt": "交卷回执",
        "flags": "自动交卷等情况",
        "marks": "得分",
        "started_at": "开考时间",
        "finished_at": "交卷时间",
    },
    inner="paper flags",
    why=WHY,
    long=LONG,
    gone=Gone.KEPT,
    of="worker",
    shown=out,
)
declare(
    "exams.Answer",
    about="作答",
    holds={"value": "作答内容，案例题是自己写的话", "marks": "这一题的得分"},
    why=WHY,
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="value",
    shown=lambda now: out(now, "attempt__"),
)
declare(
    "exams.Award",
    about="评分",
    holds={"points": "给了哪些要点", "marks": "给的分", "remark": "评语"},
    hands="marker",
    why=WHY,
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="remark",
    shown=lambda now: out(now, "attempt__"),
)
declare(
    "exams.JournalEntry",
    about="作答流水",
    holds={"value": "每次保存的内容", "at": "到达时间", "age": "在手机上存了多久"},
    why="证明答案何时送到，成绩有争议时重算",
    long="成绩公布满 EXAM_JOURNAL_DAYS 天（默认三年）以后删除",
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="value",
    shown=lambda now: out(now, "attempt__"),
)
declare(
    "exams.Presence",
    about="考试时的在线情况",
    holds={"seen_at": "最近一次联系的时间"},
    why="监考人员看谁断了线，断网补传时核对",
    long="满一个月删除",
    gone=Gone.KEPT,
    of="attempt__worker",
)
declare(
    "exams.LateDecision",
    about="迟到答案的决定",
    holds={"accepted": "是否计入", "reason": "理由", "at": "时间"},
    hands="by",
    why=WHY,
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="reason",
)
declare(
    "exams.Allowance",
    about="考试照顾",
    holds={"kind": "类别", "reason": "理由", "at": "时间", "opens_at": "另定的开考时间", "closes_at": "另定的截止时间"},
    hands="by",
    why=WHY,
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="reason",
)
declare(
    "exams.Incident",
    about="考场情况",
    holds={"kind": "类别", "at": "时间", "text": "监考人员的记录", "detail": "离开多久等数据"},
    hands="by",
    inner="detail",
    why="成绩有疑问时由人核对",
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="text",
    # that the wrong answers are alike says that there are many (`incidents.own`)
    shown=lambda now: ~Q(kind="alike") | out(now, "attempt__"),
)
declare(
    "exams.Intervention",
    about="考场措施",
    holds={"measure": "措施", "reason": "理由", "agreed": "是否同意", "asked_at": "提出时间", "decided_at": "决定时间"},
    hands="asked_by decided_by",
    why=WHY,
    long=LONG,
    gone=Gone.EMPTIED,
    of="attempt__worker",
    empties="reason",
)
declare("exams.Notice", plain="text", hands="by", why="谁发的考场通知", long="长期保留")

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
nothing("exams.Question", "kind material stem options key points reference explanation basis course_slug")
declare("exams.Exam", plain="title sections employment seed", hands="created_by", why="谁出的这场考试", long="长期保留")
nothing("exams.PaperItem", "kind content")
declare(
    "exams.Attempt",
    about="考试",
    holds={
        "paper": "发给本人的试题顺序",
        "state": "考试的状态",
        "receipt": "交卷回执",
        "flags": "自动收卷等情况",
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

"""What exams note, in words."""

from django.utils.translation import gettext_lazy as _

from exams.models import Measure
from exams.room.windows import Reason

ACTIONS = {
    _("考试"): {
        "exam.drafted": _("拟定考试"),
        "exam.dropped": _("放弃考试稿"),
        "exam.published": _("发布考试"),
        "exam.drawn": _("发卷"),
        "exam.started": _("开始应试"),
        "exam.ready": _("考前检查，接受考试须知"),
        "exam.again": _("再考一次"),
        "exam.listed": _("加进考试名单"),
        "exam.unlisted": _("移出考试名单"),
        "exam.taken_over": _("换设备作答"),
        "exam.handed_in": _("交卷"),
        "exam.brought_in": _("登记卷面"),
        "exam.awarded": _("评分"),
        "exam.awarded_many": _("批量评分"),
        "exam.absent": _("登记缺考"),
        "exam.late_accepted": _("计入迟到的答案"),
        "exam.late_refused": _("不计入迟到的答案"),
        "exam.rescued": _("交进作答备份"),
        "exam.time_granted": _("给考生加时"),
        "exam.window_given": _("给考生另定时间"),
        "exam.admitted_late": _("准许迟到的考生入场"),
        "exam.exempted": _("准许免考"),
        "exam.window_moved": _("改考试时间"),
        "exam.notice_sent": _("发考场通知"),
        "exam.incident_noted": _("记监考记录"),
        "exam.intervention_asked": _("提出考场措施"),
        "exam.intervention_decided": _("决定考场措施"),
        "question.pictured": _("给题目配图"),
        "question.picture_dropped": _("去掉题目的图"),
        "exam.weighed": _("核对作答情况"),
    }
}
SUBJECTS = {
    "exams.exam": _("考试"),
    "exams.attempt": _("应试"),
    "exams.question": _("题目"),
    "exams.bank": _("题库"),
}
DETAILS = {
    "papers": _("份数"),
    "people": _("人数"),
    "receipt": _("回执"),
    "counted": _("算数的"),
    "item": _("试题"),
    "marks": _("得分"),
    "absent": _("缺考人数"),
    "answers": _("题数"),
    "kept": _("等人决定的题数"),
    "opens_at": _("开考时间"),
    "closes_at": _("截止时间"),
    "results_at": _("公布成绩时间"),
    "extended": _("延长了作答时间的人数"),
    "measure": _("措施"),
    "agreed": _("是否同意"),
    "alike": _("错得一样的份数"),
    "fast": _("作答速度异常的份数"),
    "notice": _("通知编号"),
    "incident": _("记录编号"),
}
VALUES = {
    "reason": dict(Reason.choices),
    "measure": dict(Measure.choices),
    "agreed": {"1": _("同意"), "0": _("不同意")},
}

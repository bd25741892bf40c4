"""What courses and training sessions note, in words."""

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    _("培训"): {
        "courses.required": _("安排必修"),
        "courses.requirement_withdrawn": _("撤下必修安排"),
        "courses.lesson_finished": _("学完一课"),
        "courses.session_held": _("登记培训活动"),
        "courses.attendance_recorded": _("登记签到"),
        "courses.session_closed": _("结束培训活动"),
    }
}
SUBJECTS = {
    "courses.requirement": _("必修安排"),
    "courses.session": _("培训活动"),
    "courses.coursepage": _("课程"),
    "courses.lessonpage": _("课"),
    "courses.catalogpage": _("课程目录"),
}
DETAILS = {"course": _("课程"), "seconds": _("秒数"), "present": _("到场人数")}

"""What is noted of 小教员, in words."""

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    _("小教员"): {
        "mentor.appointed": _("聘任小教员"),
        "mentor.appointed_listed": _("按名册聘任小教员"),
        "mentor.ended": _("解聘小教员"),
        "mentor.claimed": _("领取答卷"),
    }
}
SUBJECTS = {"mentors.mentor": _("小教员"), "mentors.claim": _("领取")}
DETAILS = {"level": _("级别"), "on": _("日期")}

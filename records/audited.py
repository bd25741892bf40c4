"""What the ledger, certificates and assessments note, in words."""

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    _("记档和考核"): {
        "records.posted": _("记档"),
        "records.posted_many": _("批量记档"),
        "records.reversed": _("冲销记档"),
        "records.reversed_many": _("批量冲销记档"),
        "certificates.issued": _("发证书"),
        "certificates.issued_many": _("批量发证书"),
        "certificates.revoked": _("撤销证书"),
        "assessments.drafted": _("生成考核"),
        "assessments.settled": _("审定考核"),
        "bulletin.exported": _("导出通报"),
    }
}
SUBJECTS = {
    "records.skillrecord": _("技能档案"),
    "records.certificate": _("证书"),
    "records.round": _("考核批次"),
    "records.assessment": _("考核"),
}
DETAILS = {
    "given": _("送来的"),
    "posted": _("记上的"),
    "reversed": _("冲销的"),
    "reversal": _("冲销记录"),
    "issued": _("张数"),
    "first": _("第一号"),
    "last": _("末一号"),
    "workers": _("人数"),
    "year": _("年份"),
}
VALUES = {"kind": {"records.assessment": _("考核结果")}}

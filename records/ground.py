"""What the records of a new installation start with: the skills that courses teach, and this year's two schemes."""

from datetime import datetime

from django.utils import timezone

from records import schemes
from records.models import Skill, Subject
from roster.models import Employment

BOTH = [Employment.FULL_TIME, Employment.PART_TIME]
FULL_TIME = [Employment.FULL_TIME]
# every skill is taught by one of the courses that come with us; the post asks for some, the rest is learnt besides
SKILLS: list[tuple[str, str, str, list[Employment]]] = [
    ("policy-basics", "政策应知应会", Subject.POLICY, BOTH),
    ("law-basics", "法律常识", Subject.POLICY, []),
    ("confidentiality", "保密要求", Subject.POLICY, BOTH),
    ("platform-report", "事件上报", Subject.PLATFORM, BOTH),
    ("platform-data", "信息采集与核对", Subject.PLATFORM, []),
    ("platform-visit", "走访登记", Subject.PLATFORM, FULL_TIME),
    ("mediation", "矛盾调解", Subject.CASE, BOTH),
    ("safety-check", "安全排查", Subject.CASE, []),
    ("key-visits", "重点走访", Subject.CASE, []),
    ("emergency", "应急处置", Subject.CASE, []),
]


def lay(*, now: datetime) -> list[str]:
    """Skills, and the schemes of the year; those already there stay as they are."""
    year = timezone.localtime(now).year
    before = Skill.objects.count()
    Skill.objects.bulk_create(
        [Skill(code=c, name=n, subject=s, required_of=[str(e) for e in of]) for c, n, s, of in SKILLS],
        ignore_conflicts=True,
    )
    made = [f"技能 {Skill.objects.count() - before} 项"] if Skill.objects.count() > before else []
    return made + [f"《{scheme}》" for scheme in schemes.default_schemes(year)]

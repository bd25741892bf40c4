"""The ladder of posts (岗位等级): which posts there are and which steps each may stand on. Local policy, kept by the city; no money."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from roster import reach
from roster.employment import hold_numbers
from roster.models import Duty, PostBand, Role, User, Worker

COMMON = "各地“三岗十八级”的通行定法"
# the three posts that are known from elsewhere, and the row that nobody has fixed here yet
FIRST = (
    ("正职（书记、主任）", 7, 18, False, COMMON),
    ("副职", 4, 15, False, COMMON),
    ("其他工作人员", 1, 12, False, COMMON),
    ("专职工作人员（网格员）", 1, 12, True, "本地文件还没有定，先按“其他工作人员”的级"),
)


def lay() -> list[PostBand]:
    """The bands of a new installation, where there are none."""
    if PostBand.objects.exists():
        return []
    rows = [
        PostBand(name=name, lowest=lowest, highest=highest, pending=pending, basis=basis, order=order)
        for order, (name, lowest, highest, pending, basis) in enumerate(FIRST, 1)
    ]
    return PostBand.objects.bulk_create(rows)


@transaction.atomic
def set_band(
    band: PostBand | None, *, name: str, lowest: int, highest: int, pending: bool, basis: str, by: User, now: datetime
) -> PostBand:
    """Change a post of the ladder, or add one. Refuses a band that leaves out somebody's step, and a name that stands already."""
    if not reach.has(by, Role.CITY_ADMIN, Duty.ROSTER):
        raise Refused(_("岗位等级由市级管理员定，请联系市级管理员。"))
    hold_numbers()
    band = PostBand.objects.select_for_update().get(pk=band.pk) if band else PostBand(order=last() + 1)
    name = name.strip()
    if not 1 <= lowest <= highest <= 18:
        raise Refused(_("级在 1 到 18 之间，最低级不能高于最高级。"), code="lowest")
    if PostBand.objects.filter(name=name).exclude(pk=band.pk).exists():
        raise Refused(_("“%(name)s”已经有了，请改那一行，或换一个名称。") % {"name": name}, code="name")
    outside = left_out(band, lowest, highest)
    if outside:
        said = {"n": outside, "lowest": lowest, "highest": highest}
        raise Refused(_("有 %(n)d 人在这个岗位上定的级不在 %(lowest)d 到 %(highest)d 之间，请先更改他们的级。") % said)
    was = {"lowest": band.lowest, "highest": band.highest} if band.pk else {}
    band.name, band.lowest, band.highest, band.pending, band.basis = name, lowest, highest, pending, basis.strip()
    band.save()
    audit.note("ladder.set", now=now, actor=by, subject=band, was=was, lowest=lowest, highest=highest, pending=pending)
    return band


def last() -> int:
    return PostBand.objects.aggregate(last=Max("order"))["last"] or 0


def left_out(band: PostBand, lowest: int, highest: int) -> int:
    """How many workers in service stand on this post at a step outside these."""
    if band.pk is None:
        return 0
    standing = Worker.objects.listed().filter(post=band, step__isnull=False)
    return standing.exclude(step__gte=lowest, step__lte=highest).count()

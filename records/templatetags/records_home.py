from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import numbers
from records import schemes
from records.models import Kind, SkillRecord
from records.overview import Hours

register = template.Library()


@register.filter
def plain(value: Any) -> str:
    """A number without needless zeros: 24.00 → 24, 0.50 → 0.5."""
    return numbers.plain(Decimal(str(value))) if value not in (None, "") else ""


@register.filter
def percent(value: Decimal | None) -> str:
    return "—" if value is None else f"{value}%"


@register.simple_tag
def delta(now: Decimal | None, before: Decimal | None, unit: str, against: str) -> dict[str, str]:
    """How a figure stands to last year's, in words, and the direction; nothing when one of them is missing."""
    if now is None or before is None:
        return {"words": "", "direction": ""}
    if now == before:
        return {"words": _("与%(against)s持平") % {"against": against}, "direction": ""}
    words = _("比%(against)s%(way)s %(by)s %(unit)s") % {
        "against": against,
        "way": _("多") if now > before else _("少"),
        "by": numbers.plain(abs(now - before)),
        "unit": unit,
    }
    return {"words": words, "direction": "up" if now > before else "down"}


MODES = {"online": "online", "onsite": "onsite", "unsaid": ""}


@register.inclusion_tag("records/_year.html", takes_context=True)
def records_year(context: template.Context) -> dict[str, Any]:
    """The hours of this year as a ring, in two queries; nothing for those who are nobody's worker."""
    request = context["request"]
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return {"hours": None}
    year = timezone.localtime(request.now).year
    mine = SkillRecord.objects.standing().filter(worker=worker, kind=Kind.HOURS, year=year)
    summed = mine.aggregate(
        **{name: Sum("amount", filter=Q(mode=mode), default=Decimal(0)) for name, mode in MODES.items()}
    )
    return {"hours": Hours(year=year, target=schemes.target_hours(year)[year][worker.employment], **summed)}

from decimal import Decimal
from typing import Any

from django import template
from django.db.models import Q, Sum
from django.utils import timezone

from records import schemes
from records.models import Kind, SkillRecord
from records.overview import Hours
from records.scheme import plain as plain_number

register = template.Library()


@register.filter
def plain(value: Any) -> str:
    """A number without needless zeros: 24.00 → 24, 0.50 → 0.5."""
    return plain_number(Decimal(str(value))) if value not in (None, "") else ""


@register.inclusion_tag("records/_year.html", takes_context=True)
def records_year(context: template.Context) -> dict[str, Any]:
    """The hours of this year as a ring, in two queries; nothing for those who are nobody's worker."""
    request = context["request"]
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return {"hours": None}
    year = timezone.localtime(request.now).year
    mine = SkillRecord.objects.standing().filter(worker=worker, kind=Kind.HOURS, year=year)
    onsite = Q(mode="onsite")
    summed = mine.aggregate(onsite=Sum("amount", filter=onsite), online=Sum("amount", filter=~onsite))
    zero = Decimal(0)
    target = schemes.target_hours(year)[worker.employment]
    return {"hours": Hours(year, summed["online"] or zero, summed["onsite"] or zero, target)}

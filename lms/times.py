"""Moments that come from outside."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 2000, 2100


def in_our_time(moment: datetime) -> None:
    """Refuse a year that was typed wrong; at the ends of the calendar a moment cannot even be kept."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValidationError(_("年份不对，请填 %(first)d 年以后的日期。") % {"first": FIRST_YEAR}, code="year")

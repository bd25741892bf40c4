"""Moments as people write and read them."""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import formats, timezone
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 2000, 2100


def in_our_time(moment: datetime) -> None:
    """Refuse a year that was typed wrong; at the ends of the calendar a moment cannot even be kept."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValidationError(_("年份不对，请填 %(first)d 年以后的日期。") % {"first": FIRST_YEAR}, code="year")


class MomentInput(forms.DateTimeInput):
    """A date and a time of day, chosen on the browser's own calendar."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def in_full(moment: datetime) -> str:
    """2024年7月30日 09:30"""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def in_short(moment: datetime) -> str:
    """7月30日 09:30, where the year goes without saying."""
    return formats.date_format(timezone.localtime(moment), "n月j日 H:i")


def clock(moment: datetime) -> str:
    """09:30:05"""
    here = timezone.localtime(moment)
    return f"{here.hour:02}:{here.minute:02}:{here.second:02}"  # a paper says it fifty times: half the time of strftime


def countdown(seconds: int) -> str:
    """Seconds as a countdown writes them: 42:17, 1:02:03."""
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

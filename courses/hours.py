"""学时 from minutes; pure."""

from decimal import Decimal

# Yunnan's cadre academy: 30 minutes and more 1, over 15 minutes 0.5, shorter 0.25
STEPS = ((30, Decimal("1.00")), (16, Decimal("0.50")), (0, Decimal("0.25")))
# the share of a lesson's honest time that the server must have witnessed before it counts
WITNESSED_SHARE = Decimal("0.5")


def for_minutes(minutes: int) -> Decimal:
    """Hours (学时) that a lesson of so many minutes gives."""
    return next(hours for least, hours in STEPS if minutes >= least)


def seconds_needed(minutes: int) -> int:
    """Seconds of study the server must have witnessed before the lesson gives its hours."""
    return int(minutes * 60 * WITNESSED_SHARE)

"""What the banks of a new installation start with: the questions that come with the product."""

from datetime import datetime

from exams import banks


def lay(*, now: datetime) -> list[str]:
    """Take in the questions that are not there yet."""
    return [f"题库，新收 {banks.load()} 题"]

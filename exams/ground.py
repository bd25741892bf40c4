"""What the banks of a new installation start with: the questions that come with the product."""

from datetime import datetime

from exams.before import banks
from exams.worker import tryout


def lay(*, now: datetime) -> list[str]:
    """Take in the questions that are not there yet; the exam to try the screen with, once there is a city."""
    said = [f"题库，新收 {banks.load()} 题"]
    return [*said, "考前试做"] if tryout.lay(now=now) else said

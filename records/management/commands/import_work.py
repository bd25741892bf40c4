from lms.commands import ImportCommand
from records import kinds  # noqa: F401 - registers the kinds of import


class Command(ImportCommand):
    help = "Judge a list of work results and, with --apply, post its good rows."
    kind = "work"
    writes = False

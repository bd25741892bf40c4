from lms.commands import ImportCommand
from roster import kinds  # noqa: F401 - registers the kinds of import


class Command(ImportCommand):
    help = "Judge a roster of grid workers and, with --apply, bring its good rows in."
    kind = "roster"
    writes = False

from lms.commands import ImportCommand
from roster import kinds  # noqa: F401 - registers the kinds of import


class Command(ImportCommand):
    help = "Bring in a division list (code, name, parent code); known codes take new names, nothing is removed."
    kind = "divisions"

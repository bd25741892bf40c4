from lms.commands import ImportCommand
from roster import kinds  # noqa: F401 - registers the kinds of import


class Command(ImportCommand):
    help = "Bring in the grid register; known codes take new figures, nothing is removed."
    kind = "grids"

"""The kinds of import that post to the ledger, in the order an admin brings them in."""

from records.trainingfile import TrainingResource
from records.workfile import WorkResource

KINDS = (TrainingResource, WorkResource)

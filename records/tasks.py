from django.utils import timezone

from lms import jobs
from records import assessments, kinds
from records.models import Round, Scheme
from roster.models import Territory, User

# a worker process knows the kinds of import that post to the ledger by importing them here
__all__ = ["draft", "kinds"]


@jobs.work("records.draft")
def draft(handle: jobs.Handle) -> None:
    """Draft one county's round. The moment of asking is the moment of the data, so that a second run finds the first."""
    scheme = Scheme.objects.get(pk=handle.args["scheme"])
    county = Territory.objects.get(pk=handle.args["county"])
    asked = handle.job.created_at
    if Round.objects.filter(scheme=scheme, county=county, data_as_of=asked).exists():
        return
    by = User.objects.get(pk=handle.args["by"])
    assessments.draft(scheme, county, by=by, now=timezone.localtime(asked), progress=handle.progress)

from django.utils import timezone

from lms import jobs
from records import assessments
from records.models import Round, Scheme
from roster.models import Territory, User


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

"""A worker's file on one page of the back office: who, where, since when, everything that changed and why, what can be done next."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from roster import agreements, certificates, fields, files, forgetting, roles, steps, unmasking
from roster.backoffice import ScopedInspectView
from roster.cms_file import described
from roster.file_forms import GROUPS
from roster.models import CorrectionState, Signature, StepKind, User, Worker
from roster.standing import may_take, name_of
from roster.timeline import Life


class WorkerInspectView(ScopedInspectView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        request: Any = self.request
        worker, reader, now = self.object, request.user, request.now
        unmasking.opened(worker, by=reader, now=now)
        life = Life.of(worker)
        waiting = worker.corrections.filter(state=CorrectionState.WAITING)
        today = timezone.localdate(now)
        context = {
            "postings": life.postings,
            "may_reset": worker.user is not None and roles.may_reset(reader, worker.user),
            "own": worker.user_id == reader.pk,
            "numbers": unmasking.open_to(reader, worker),
            "forgettable": forgetting.may_offer(reader, worker),
            "next_steps": list(next_steps(worker, reader)),
            "newest": undoable(life, reader),
            "groups": groups(worker),
            "listed": fields.listed(worker),
            "events": life.events(reader=reader),
            "versions": signed_versions(worker),
            "certificate": certificates.standing(worker, today=today),
            "corrections": [described(row) for row in waiting],
        }
        return super().get_context_data(**context, **kwargs)

    def get_fields_context(self) -> list[dict[str, Any]]:
        """The page has groups of its own."""
        return []


def next_steps(worker: Worker, reader: User) -> Iterator[tuple[str, str, bool]]:
    """(kind, name, whether it ends the service) of each step that this reader may take now."""
    for kind in steps.possible(worker.state):
        if worker.user_id != reader.pk and may_take(reader, kind, worker):
            yield kind, name_of(kind), kind in steps.CLOSING


def undoable(life: Life, reader: User) -> Any:
    """The newest step, where this reader may take it back; the first one of a file stays."""
    newest = life.newest
    if newest is None or newest.kind == StepKind.PROPOSE or life.worker.user_id == reader.pk:
        return None
    return newest if may_take(reader, newest.kind, life.worker) else None


def groups(worker: Worker) -> list[tuple[Any, list[tuple[str, str]]]]:
    """All that is registered, by subject, in words; numbers masked."""
    names = files.names_of([("post", worker.post_id)])
    return [
        (title, [(fields.label(name), fields.shown(name, fields.value_of(worker, name), names)) for name in group])
        for title, group in GROUPS
    ]


def signed_versions(worker: Worker) -> list[tuple[Any, Signature | None]]:
    """Each version of the agreement with the worker's signature, None where there is none."""
    signatures = {signature.agreement_id: signature for signature in worker.signatures.all()}
    return [(version, signatures.get(version.pk)) for version in agreements.versions().defer("text")]

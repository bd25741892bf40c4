"""Whom a change of townships takes along: workers go where the communities of their grids go."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from roster.models import Posting, Territory, Worker, WorkerState

GONE = (WorkerState.LEFT, WorkerState.REASSIGNED)


@dataclass
class Standing:
    """A worker with the grids they are in charge of."""

    worker: Worker
    grids: list[Any] = field(default_factory=list)

    @property
    def communities(self) -> set[int]:
        return {grid.community_id for grid in self.grids}

    @property
    def gone(self) -> bool:
        return self.worker.state in GONE


def standing_in(township: Territory) -> list[Standing]:
    """All workers of a township, those who have gone too, in the order of their numbers."""
    current = Posting.objects.current().select_related("grid__community").order_by("grid__code")
    workers = Worker.objects.filter(township=township).order_by("pk")
    found: Iterable[Any] = workers.prefetch_related(Prefetch("postings", current, to_attr="current"))
    return [Standing(worker, [posting.grid for posting in worker.current]) for worker in found]

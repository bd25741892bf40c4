"""A phone that has been set up, time that passes, and somebody who has left."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from roster.models import User
from tests.roster.leaver import person
from tests.roster.phones import set_up, sign_in

__all__ = ["person"]


@pytest.fixture
def later(now: datetime) -> Any:
    """Let time pass: `with later(minutes=6) as moment:`."""

    class Passing:
        def __init__(self, **apart: Any) -> None:
            self.moment = now + timedelta(**apart)
            self.travel = time_machine.travel(self.moment, tick=False)

        def __enter__(self) -> datetime:
            self.travel.start()
            return self.moment

        def __exit__(self, *_error: Any) -> None:
            self.travel.stop()

    return Passing


@pytest.fixture
def armed(county_admin: User, password: str, now: datetime, client: Client) -> tuple[Client, str]:
    """The county admin's own browser after setting up, and the key on their phone."""
    sign_in(client, county_admin.username, password)
    return client, set_up(client, now)

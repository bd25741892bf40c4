"""One code, or one recovery code, sent twice at the same moment: it is taken once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from roster import second_factor
from roster.models import User
from tests.roster.phones import code_at
from tests.roster.test_two_admins import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def secret(county_admin: User, now: datetime) -> str:
    drawn = second_factor.draw()
    before = now - timedelta(minutes=2)
    assert second_factor.set_up(county_admin, secret=drawn, code=code_at(drawn, before), now=before, session="")
    return drawn


def tried(user: User, code: str, now: datetime) -> Callable[[], str]:
    return lambda: second_factor.check(user, code, now=now)


def test_the_same_code_from_two_places_lets_one_in(county_admin: User, secret: str, now: datetime) -> None:
    code = code_at(secret, now)
    assert sorted(at_once(*[tried(county_admin, code, now)] * 4)) == ["", "", "", "totp"]


def test_the_same_recovery_code_from_two_places_lets_one_in(county_admin: User, secret: str, now: datetime) -> None:
    code = second_factor.codes_once(county_admin, now=now)[0]
    assert sorted(at_once(*[tried(county_admin, code, now)] * 4)) == ["", "", "", "recovery_codes"]


def test_two_phones_set_up_at_once_leave_one(county_admin: User, now: datetime) -> None:
    keys = [second_factor.draw() for _turn in range(3)]
    done = at_once(
        *[
            lambda key=key: second_factor.set_up(county_admin, secret=key, code=code_at(key, now), now=now, session="")
            for key in keys
        ]
    )
    assert done == [True, True, True]
    later = now + timedelta(minutes=1)
    fitting = [second_factor.check(county_admin, code_at(key, later), now=later) for key in keys]
    assert sorted(fitting) == ["", "", "totp"]

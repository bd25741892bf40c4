"""A query put together once finds what the queryset finds, with what it promises of models."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lms.compiled import Compiled, Given
from roster.models import RoleGrant, User, Worker

pytestmark = pytest.mark.postgres

WORKER_OF = Compiled(lambda: User.objects.select_related("worker__township").filter(pk=Given("user")))
NAMED = Compiled(lambda: Worker.objects.filter(name=Given("name")).order_by("-pk").only("name")[:2])
HELD = Compiled(lambda: RoleGrant.objects.holding(on=Given("day")).filter(user=Given("user")))
SIGNED_IN = Compiled(lambda: User.objects.filter(last_login__gt=Given("since")))


def test_finds_each_time_what_it_is_asked_for(
    worker: Worker, colleague: Worker, django_assert_num_queries: Any
) -> None:
    for one in (worker, colleague, worker):
        with django_assert_num_queries(1):
            found = WORKER_OF.first(user=one.user_id)
            assert found is not None
            assert (found, found.worker, found.worker.township) == (one.user, one, one.township)
            assert found.worker.user is found
    assert WORKER_OF.first(user=0) is None


def test_reads_and_saves_like_any_model(worker: Worker) -> None:
    found = WORKER_OF.first(user=worker.user_id)
    assert found is not None
    same = User.objects.get(pk=worker.user_id)
    assert {one.name: getattr(found, one.attname) for one in User._meta.concrete_fields} == {
        one.name: getattr(same, one.attname) for one in User._meta.concrete_fields
    }
    found.name = "别名"
    found.save()
    assert User.objects.get(pk=worker.user_id).name == "别名"


def test_keeps_order_limit_and_what_was_left_out(
    worker: Worker, hire: Any, city: Any, django_assert_num_queries: Any
) -> None:
    others = [hire(number, worker.name, worker.township) for number in ("W000801", "W000802")]
    found = NAMED.all(name=worker.name)
    assert found == others[::-1]
    with django_assert_num_queries(1):
        assert found[0].number == others[1].number
    assert NAMED.all(name="' OR 1=1 --") == []


def test_days_and_moments_are_compared_as_such(county_admin: User) -> None:
    today, now = timezone.localdate(), timezone.now()
    assert HELD.all(user=county_admin.pk, day=today) == list(county_admin.role_grants.all())
    assert HELD.all(user=county_admin.pk, day=today - timedelta(days=36500)) == []
    User.objects.filter(pk=county_admin.pk).update(last_login=now)
    assert SIGNED_IN.all(since=now - timedelta(microseconds=1)) == [county_admin]
    assert SIGNED_IN.all(since=now) == []


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_by_its_own_connection(worker: Worker) -> None:
    assert WORKER_OF.first(user=worker.user_id)
    found: list[Any] = []

    def ask() -> None:
        found.append(WORKER_OF.first(user=worker.user_id))
        found.append(connection.connection)
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert found[0] == worker.user
    assert found[1] is not connection.connection


def test_postgres_plans_it_once_for_each_connection(worker: Worker) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("planning is PostgreSQL's")
    kept = "SELECT sum(generic_plans + custom_plans) FROM pg_prepared_statements WHERE statement LIKE '%%\"last_login\" > ($1)%%'"
    before = timezone.now()
    for _turn in range(3):
        assert SIGNED_IN.all(since=before) == []
    with connection.cursor() as cursor:
        cursor.execute(kept, [])
        assert cursor.fetchone()[0] >= 3


def test_what_wraps_queries_wraps_these(worker: Worker) -> None:
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        WORKER_OF.first(user=worker.user_id)
    assert len(seen) == 1
    assert '"roster_user"' in seen[0]

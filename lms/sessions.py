"""
Sessions in the database, as Django keeps them, but written once an answer.

Django writes a new session down empty as soon as it has a key, and a second time when the answer goes out; and it asks before whether
the key is taken. Here the row comes with what it holds, so that a sign-in can write it in its own transaction.
"""

from typing import Any

from django.contrib.sessions.backends import base, db
from django.utils import timezone
from django.utils.crypto import get_random_string

from lms.compiled import Compiled, Given, run
from lms.prepared import stored

# the session of a key, while it lasts
STANDING: Compiled[Any] = Compiled(
    lambda: db.SessionStore.get_model_class().objects.filter(session_key=Given("key"), expire_date__gt=Given("now"))
)
# no savepoint around either: alone it is a transaction, and in another's it stands or falls with the whole
INSERT = 'INSERT INTO "django_session" (session_data, expire_date, session_key) VALUES (%s, %s, %s)'
UPDATE = 'UPDATE "django_session" SET session_data = %s, expire_date = %s WHERE session_key = %s RETURNING session_key'


class SessionStore(db.SessionStore):
    _row_to_come = False  # the key is drawn, and no row has it yet
    _written: tuple[str | None, bytes] | None = None

    def load(self) -> dict[str, Any]:
        found = STANDING.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None  # over, or never ours: the next one gets a key of its own
            return {}
        held: dict[str, Any] = self.decode(found.session_data)
        return held

    def create(self) -> None:
        """A new key, whose row `save` inserts. Of 36 to the 32nd none is drawn twice; if one were, the insert would be refused."""
        self._session_key = get_random_string(32, base.VALID_KEY_CHARS)
        self._get_session(no_load=True)  # type: ignore[attr-defined]
        self._row_to_come = self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write down what it holds, unless just that was written in this request. Refuses to bring a session back that was ended meanwhile."""
        if self.session_key is None:
            self.create()
        insert = must_create or self._row_to_come
        held: dict[str, Any] = self._get_session(no_load=insert)  # type: ignore[attr-defined]
        writing = (self.session_key, self.serializer().dumps(held))
        if writing == self._written:
            return
        row = self.create_model_instance(held)
        values = [row.session_data, stored(row.expire_date), row.session_key]
        if insert:
            run(INSERT, values)
        elif not run(UPDATE, values):
            raise base.UpdateError
        self._row_to_come, self._written = False, writing

"""Sessions in the database, read by one plain query: every page of a signed-in person begins with it.

Django's own engine takes three times as long, nearly all of it in writing the query. The same query tells when the
session was begun and used, so that one which has ended is never taken for one that lasts. Everything else is Django's.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from identity.accounts import limits
from identity.security import logger
from identity.statements import execute, first_row

QUERY = """
SELECT s.session_data, u.created_at, u.last_seen_at, u.data ->> 'rested_at', u.data ->> 'notice'
FROM django_session s LEFT JOIN usersessions_usersession u ON u.session_key = s.session_key
WHERE s.session_key = %s AND s.expire_date > %s
"""
MOVED = "UPDATE usersessions_usersession SET session_key = %s WHERE session_key = %s"


class SessionStore(DatabaseStore):
    use: limits.Use | None = None  # once the content was asked for, if somebody is signed in

    def load(self) -> dict[str, Any]:
        """The content of the session; empty, and without a key, if there is none or it has ended."""
        key = self.session_key or ""
        found, now = None, timezone.now()
        if "\0" not in key:  # a cookie may hold what the database refuses
            found = first_row(QUERY, [key, now])
        if found is None and key:  # of one that ended, or one that somebody planted before the sign-in
            logger.info("session_unknown")
        use = limits.use_of(*found[1:]) if found else None
        if found is None or (use is not None and limits.is_over(use, now=now)):
            self._session_key = None
            return {}
        self.use = use
        content: dict[str, Any] = self.decode(found[0])
        return content

    def cycle_key(self) -> None:
        """A new key for the same content; the list of the person's sessions follows."""
        before = self.session_key if SESSION_KEY in self else None
        super().cycle_key()
        if before:
            execute(MOVED, [self.session_key, before])

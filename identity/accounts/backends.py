"""Who signs in: by a name and a password at the price of one hash, whoever it is; and who a session belongs to."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest

from identity.accounts.models import User
from identity.accounts.names import person_named
from identity.statements import first_row


class AccountBackend(AuthenticationBackend):
    """Every page of a signed-in person asks for them: the ORM takes three times as long, in writing its query."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """The person of `username` or `email` if `password` is theirs.

        One look-up and one hash for a known and for an unknown name. allauth's own way hashes twice for a known
        e-mail address and once for an unknown one, which tells them apart by the clock.
        """
        name, password = credentials.get("email") or credentials.get("username"), credentials.get("password")
        if not isinstance(name, str) or not isinstance(password, str) or not password:
            return None
        person = person_named(name)
        if person is None:
            make_password(password)
            return None
        if not person.check_password(password):
            return None
        if self.user_can_authenticate(person):
            return person
        self._stash_user(person)  # allauth then says that the account is closed, to whoever knows its password
        return None

    def get_user(self, user_id: Any) -> User | None:
        """The person of that key who may sign in, or nobody."""
        try:
            key = User._meta.pk.to_python(user_id)
        except ValidationError:
            return None
        values = first_row(_query(), [key])
        person = User.from_db(connection.alias, _names(), values[:-1]) if values else None
        if person is not None:
            person.news_count = values[-1] or 0
        return person if person is not None and self.user_can_authenticate(person) else None


@cache
def _names() -> list[str]:
    return [field.attname for field in User._meta.concrete_fields]


@cache
def _query() -> str:
    columns = ", ".join(f'"{field.column}"' for field in User._meta.concrete_fields)
    news = f'(SELECT count FROM consent_news WHERE person_id = "{User._meta.db_table}".id)'  # noqa: S608 (told on each page)
    return f'SELECT {columns}, {news} FROM "{User._meta.db_table}" WHERE id = %s'  # noqa: S608 (names of our own)

"""Who signs in: allauth's way, with the person of a session read by one plain query."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError
from django.db import connection

from identity.accounts.models import User
from identity.statements import first_row


class AccountBackend(AuthenticationBackend):
    """Every page of a signed-in person asks for them: the ORM takes three times as long, in writing its query."""

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

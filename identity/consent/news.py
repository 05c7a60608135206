"""Telling people that something was noted about them: a dot on their next page, and never a letter."""

from identity import statements
from identity.accounts.models import User
from identity.consent.models import News

_MORE = """
INSERT INTO consent_news AS news (person_id, count) VALUES (%s, 1)
ON CONFLICT (person_id) DO UPDATE SET count = news.count + 1
"""


def tell(*people: User | None) -> None:
    """One thing more that each of them has not seen; in the order of their keys, so that no two wait for each other."""
    for person in sorted({each for each in people if each}, key=lambda each: each.pk):
        statements.execute(_MORE, [person.pk])


def seen(person: User) -> None:
    """The person has read it all."""
    News.objects.filter(person=person, count__gt=0).update(count=0)

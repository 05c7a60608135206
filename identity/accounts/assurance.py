"""How sure we are of who somebody is: the `acr` of a session (after RFC 9470 section 3)."""

from django.contrib.auth.models import AnonymousUser

from identity.accounts.models import User


def reaches(have: str, needed: str) -> bool:
    """Whether one level is at least the other; levels are those of Assurance."""
    order = User.Assurance.values
    return order.index(have) >= order.index(needed)


def of(person: User | AnonymousUser) -> str:
    """The level of a session of this person: `none` when nobody is signed in.

    A password proves `basic` at the most; `plus` takes a signature, which no session has yet.
    """
    if not isinstance(person, User):
        return User.Assurance.NONE
    return min(person.assurance, User.Assurance.BASIC, key=User.Assurance.values.index)

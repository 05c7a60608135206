"""How sure we are of who somebody is: levels in order (the `acr` of a session, after RFC 9470 section 3)."""

from identity.accounts.models import User


def reaches(have: str, needed: str) -> bool:
    """Whether one level is at least the other; levels are those of Assurance."""
    order = User.Assurance.values
    return order.index(have) >= order.index(needed)

"""Before a way to sign in is added or taken away, the person has to have proved lately who they are."""

from django.http import HttpRequest

from identity.accounts import authentication, step_up

SECONDS = 900


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof is recent; nobody who is not signed in is."""
    return request.user.is_authenticated and step_up.is_enough(request, authentication.level(request), max_age=SECONDS)


def fresh_address(request: HttpRequest, *, next: str) -> str:
    """Where they prove it, to come back to `next`."""
    return step_up.address(request, authentication.level(request), next=next, max_age=SECONDS)

"""Pages for which the person has to prove anew that it is them, minutes before: where money or all data is at stake."""

from collections.abc import Callable
from typing import Any, Concatenate, cast

from allauth.account.decorators import reauthentication_required
from django.http import HttpRequest, HttpResponse

View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def fresh(view: View) -> View:
    """Send the person to prove it first, if the last time is longer ago than ACCOUNT_REAUTHENTICATION_TIMEOUT.

    What they posted waits in their session and is carried out when they come back.
    """
    return cast(View, reauthentication_required(cast(Any, view)))

"""Pages for which the person has to prove anew that it is them, minutes before: where money or all data is at stake."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from identity.accounts import step_up
from identity.accounts.models import User

MAX_AGE = 600  # seconds: as long as filling in such a page may take
View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def fresh(view: View) -> View:
    """Send the person to prove it first, in any way that they have, if the last time is longer ago than MAX_AGE."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not step_up.is_enough(request, User.Assurance.NONE, max_age=MAX_AGE):
            here = request.get_full_path()
            return redirect(step_up.address(request, User.Assurance.NONE, next=here, max_age=MAX_AGE))
        return view(request, *args, **kwargs)

    return page

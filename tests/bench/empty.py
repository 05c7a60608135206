"""What pages are measured against: answers of nothing but "ok", from the same server."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse

BARE = "/bench/bare/"


@login_not_required
def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@login_not_required
def queries(request: HttpRequest, number: int) -> HttpResponse:
    """So many empty queries, and "ok"."""
    for _ in range(number):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()
    return HttpResponse("ok")


class Bare:
    """The outermost middleware: answers one address as if there were no other middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != BARE:
            return self.get_response(request)
        return HttpResponse("ok", headers={"Content-Length": "2"})

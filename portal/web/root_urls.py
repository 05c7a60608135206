"""Addresses without a language in front."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from portal import health
from portal.watch.metrics import metrics
from portal.web.styleguide import styleguide


@login_not_required
def front(request: HttpRequest) -> HttpResponse:
    """The front page in the reader's language."""
    return redirect("web:home")


urlpatterns = [
    path("", front),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    path("styleguide/", styleguide, name="styleguide"),
]

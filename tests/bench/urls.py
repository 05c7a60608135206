"""The portal's addresses, and those that it is measured against."""

from django.urls import path

from portal.urls import handler400, handler403, handler404, handler429, handler500
from portal.urls import urlpatterns as ours
from tests.bench import empty

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500"]

urlpatterns = [
    *ours,
    path("bench/empty/", empty.empty),
    path("bench/queries/<int:number>/", empty.queries),
]

"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import hub

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
]

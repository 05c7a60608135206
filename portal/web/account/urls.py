"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import hub, prove

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("prove/", prove.prove, name="account-prove"),
    path("sign-in-again/", prove.sign_in_again, name="account-sign-in-again"),
]

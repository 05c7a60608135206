"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import bank, corrections, hub

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("bank/", bank.bank, name="account-bank"),
    path("corrections/new/<slug:name>/", corrections.correction_new, name="account-correction-new"),
    path("corrections/<slug:ticket>/", corrections.correction, name="account-correction"),
]

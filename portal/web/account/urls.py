"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import counter, hub, mandates

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("mandates/", mandates.mandates, name="account-mandates"),
    path("mandates/ask/", mandates.ask, name="account-mandates-ask"),
    path("mandates/offer/", mandates.offer, name="account-mandates-offer"),
    path("mandates/redeem/", mandates.redeem, name="account-mandates-redeem"),
    path("mandates/stop/", mandates.stop, name="account-mandates-stop"),
    path("mandates/<uuid:pk>/", mandates.mandate, name="account-mandate"),
    path("mandates/<uuid:pk>/accept/", mandates.decide, {"verb": "accept"}, name="account-mandate-accept"),
    path("mandates/<uuid:pk>/refuse/", mandates.decide, {"verb": "refuse"}, name="account-mandate-refuse"),
    path("mandates/<uuid:pk>/end/", mandates.decide, {"verb": "end"}, name="account-mandate-end"),
    path("mandates/<uuid:pk>/limit/", mandates.limit, name="account-mandate-limit"),
    path("mandates/<uuid:pk>/act/", mandates.act, name="account-mandate-act"),
    path("mandates/<uuid:pk>/approve/", mandates.approve, name="account-mandate-approve"),
    path("counter/", counter.counter, name="account-counter"),
    path("counter/document/", counter.document, name="account-counter-document"),
    path("counter/<uuid:pk>/", counter.session, name="account-counter-session"),
    path("counter/<uuid:pk>/second/", counter.second, name="account-counter-second"),
]

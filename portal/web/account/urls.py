"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import (
    counter,
    devices,
    hub,
    identity_app,
    mandates,
    phone,
    prove,
    security,
)

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("devices/", devices.device_list, name="account-devices"),
    path("devices/sign-out/", devices.sign_out, name="account-sign-out"),
    path("devices/history/", devices.history, name="account-sign-ins"),
    path("devices/notice/<uuid:pk>/", devices.notice, name="account-notice"),
    path("not-me/<str:token>/", devices.not_me, name="account-not-me"),
    path("prove/", prove.prove, name="account-prove"),
    path("security/", security.security, name="account-security"),
    path("security/recovery/<uuid:pk>/stop/", security.stop_recovery, name="account-stop-recovery"),
    path("identity-app/", identity_app.identity_app, name="account-identity-app"),
    path("identity-app/details/", identity_app.details, name="account-identity-app-details"),
    path("identity-app/unlink/", identity_app.unlink, name="account-identity-app-unlink"),
    path("phone/<str:token>/", phone.answer, name="phone-answer"),
    path("sign-in-again/", prove.sign_in_again, name="account-sign-in-again"),
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

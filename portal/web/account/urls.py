"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import devices, hub, phone, prove, security

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("devices/", devices.device_list, name="account-devices"),
    path("devices/sign-out/", devices.sign_out, name="account-sign-out"),
    path("devices/history/", devices.history, name="account-sign-ins"),
    path("devices/notice/<uuid:pk>/", devices.notice, name="account-notice"),
    path("not-me/<str:token>/", devices.not_me, name="account-not-me"),
    path("visit-over/", prove.visit_over, name="account-visit-over"),
    path("prove/", prove.prove, name="account-prove"),
    path("security/", security.security, name="account-security"),
    path("security/recovery/<uuid:pk>/stop/", security.stop_recovery, name="account-stop-recovery"),
    path("phone/<str:token>/", phone.answer, name="phone-answer"),
    path("sign-in-again/", prove.sign_in_again, name="account-sign-in-again"),
]

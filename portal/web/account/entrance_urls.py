"""Ways in for people who are not signed in yet; portal.web.urls takes them in."""

from django.urls import path

from portal.web.account import phone, recovery

urlpatterns = [
    path("sign-in/phone/", phone.waiting, name="phone"),
    path("sign-in/phone/start/", phone.start, name="phone-start"),
    path("recovery/", recovery.begin, name="recovery"),
    path("recovery/sent/", recovery.sent, name="recovery-sent"),
    path("recovery/slip/", recovery.slip, name="recovery-slip"),
    path("recovery/link/<str:secret>/", recovery.link, name="recovery-link"),
    path("recovery/link/<str:secret>/stop/", recovery.stop, name="recovery-stop"),
]

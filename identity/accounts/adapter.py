"""Where Ferry differs from django-allauth: one sign-out ends every session."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def logout(self, request: HttpRequest) -> None:
        """End all of the person's sessions: a phone left on a bus is signed out with this one."""
        for session in UserSession.objects.purge_and_list(request.user):
            if not session.is_current():
                session.end()
        super().logout(request)

"""Steps of a sign-in that differ from django-allauth's own; named in the adapter."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.mfa.stages import AuthenticateStage

WHOLE = {"by": "itself"}  # signal_kwargs of a sign-in that has asked for everything it needs


class AddressStage(EmailVerificationStage):
    """Who opens an account proves their address by a code; an account that somebody has used before goes on.

    People whom an office entered have no address that they typed, so there is nothing to prove.
    """

    def handle(self) -> tuple[Any, bool]:
        person = self.login.user
        if person is not None and not self.login.signup:
            is_new = person.last_login is None and EmailAddress.objects.filter(user=person).exists()
            if not is_new:
                return None, True
        return super().handle()  # type: ignore[no-any-return]


class FactorStage(AuthenticateStage):
    """Asks for the second factor, unless the way of signing in has done so."""

    def handle(self) -> tuple[Any, bool]:
        return (None, True) if self.login.signal_kwargs == WHOLE else super().handle()

"""Forms of factors that differ from django-allauth's own; named in settings.MFA_FORMS."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

from identity.accounts import attempts
from identity.accounts.models import User
from identity.security import logger, pseudonym

LONGEST_NAME = 60
REPLAY_SECONDS = 150  # longer than a code of the app is taken, with the tolerance on both sides


class PasskeyForm(AddWebAuthnForm):
    """Every passkey can sign in by itself: it is discoverable, and unlocks by finger, face or PIN."""

    name = forms.CharField(required=False, max_length=LONGEST_NAME)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        cleaned: dict[str, Any] = super().clean()
        return cleaned


class _Once:
    """A code of the authenticator app counts once (RFC 6238 section 5.2), whatever becomes of the cache."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        if self.authenticator.type == Authenticator.Type.TOTP and not attempts.once(
            "totp", str(self.user.pk), "".join(filter(str.isdigit, code)), seconds=REPLAY_SECONDS
        ):
            logger.warning("code_replayed", kind="totp", person=pseudonym(self.user))
            raise get_adapter().validation_error("incorrect_code")
        return code


class CodeForm(_Once, AuthenticateForm):
    """The second step of a sign-in."""


class CodeAgainForm(_Once, ReauthenticateForm):
    """Is it still you?"""

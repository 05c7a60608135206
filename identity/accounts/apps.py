from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "identity.accounts"
    label = "accounts"

    def ready(self) -> None:
        from allauth.account.signals import authentication_step_completed

        from identity import rotation
        from identity.accounts import factor_keys

        rotation.register(factor_keys.renew)
        authentication_step_completed.connect(_after_step, dispatch_uid="accounts.after_step")


def _after_step(*, request: Any, user: Any, **step: Any) -> None:
    """django-allauth tells of a re-authentication by this signal only: its adapters have no hook for it."""
    from identity.accounts import authentication

    if step.get("reauthenticated") and request.user == user:
        authentication.proved_again(request, user)

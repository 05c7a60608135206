from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SigningConfig(AppConfig):
    name = "identity.signing"
    label = "signing"

    def ready(self) -> None:
        """Tell what this room holds of a person; refuse to start with a seal that is none."""
        from identity.accounts import closing, export
        from identity.signing import seal, takeaway

        export.register("signatures", takeaway.records, title=_("What you signed"))
        closing.register("signatures", erase=takeaway.erase)
        if seal.is_configured():
            seal.ours()

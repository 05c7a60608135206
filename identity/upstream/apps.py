from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UpstreamConfig(AppConfig):
    name = "identity.upstream"
    label = "upstream"

    def ready(self) -> None:
        """Tell what this room holds of a person, and what goes with their account."""
        from identity.accounts import closing, export
        from identity.upstream import takeaway

        export.register("identity_app", takeaway.records, title=_("Your identity app"))
        closing.register("identity_app", erased=[_("The link to your identity app")])

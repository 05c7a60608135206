from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "portal.web"
    label = "web"

    def ready(self) -> None:
        """Offer the identity app where people are asked to prove more."""
        from identity.accounts import step_up
        from portal.web import upstream_ways

        step_up.WAYS.append(upstream_ways.ways)

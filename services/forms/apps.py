from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "services.forms"
    label = "forms"

    def ready(self) -> None:
        """Tell what this room holds of a person."""
        from services.forms import rooms

        rooms.register()

from django.apps import AppConfig
from django.core import checks


class ProfileConfig(AppConfig):
    name = "identity.profile"
    label = "profile"

    def ready(self) -> None:
        from identity import rotation
        from identity.profile import index, rooms

        rooms.register()
        rotation.register(index.rotate)
        checks.register(index.check_keys, checks.Tags.security, deploy=True)

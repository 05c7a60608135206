from django.apps import AppConfig


class ProviderConfig(AppConfig):
    name = "identity.provider"
    label = "provider"

    def ready(self) -> None:
        from identity.accounts import open_sessions
        from identity.provider import rooms, signing_out

        open_sessions.WHEN_ENDED.append(signing_out.sessions_ended)
        open_sessions.DEPARTMENTS.append(signing_out.names_of_departments)
        rooms.register()

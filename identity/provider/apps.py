from django.apps import AppConfig


class ProviderConfig(AppConfig):
    name = "identity.provider"
    label = "provider"

from django.apps import AppConfig


class SigningConfig(AppConfig):
    name = "identity.signing"
    label = "signing"

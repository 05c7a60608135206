from django.apps import AppConfig


class ProfileConfig(AppConfig):
    name = "identity.profile"
    label = "profile"

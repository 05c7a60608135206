from django.apps import AppConfig


class MandatesConfig(AppConfig):
    name = "identity.mandates"
    label = "mandates"

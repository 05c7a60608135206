from django.apps import AppConfig


class UpstreamConfig(AppConfig):
    name = "identity.upstream"
    label = "upstream"

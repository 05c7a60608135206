from django.apps import AppConfig


class ConsolidationConfig(AppConfig):
    name = "services.consolidation"
    label = "consolidation"

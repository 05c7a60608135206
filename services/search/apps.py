from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "services.search"
    label = "search"

    def ready(self) -> None:
        from services.registry import publication
        from services.search import flows

        publication.on_published(flows.index)

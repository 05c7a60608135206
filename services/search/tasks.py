"""Indexing outside the request that asked for it."""

from celery import shared_task

from services.search import flows


@shared_task(name="search.index")
def index(function_ids: list[int] | None = None) -> None:
    """Index these functions anew; all of them where none are named, which also mends whatever was missed."""
    flows.index(function_ids)

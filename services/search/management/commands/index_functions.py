from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from services.registry.models import ServiceFunction
from services.search import flows


class Command(BaseCommand):
    help = "Index functions for search: those named, or all of them. Safe to repeat at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("codes", nargs="*", help="codes of functions; all if none are given")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = None
        if codes := options["codes"]:
            ids = list(ServiceFunction.objects.filter(code__in=codes).values_list("pk", flat=True))
        self.stdout.write(f"{flows.index(ids)} functions are in the index.")

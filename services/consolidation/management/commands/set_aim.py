"""`manage.py set_aim --due 2027-12-31`: fix today's number of apps, and what is to be left of it by then."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from services.consolidation import flows


class Command(BaseCommand):
    help = "Set the aim of consolidation. The aims before it are kept; the newest counts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--due", type=date.fromisoformat, required=True, help="the last day, such as 2027-12-31")
        parser.add_argument("--apps", type=int, help="apps to be left; half of today's unless given")
        parser.add_argument("--functions", type=int, default=flows.FUNCTIONS_AIM, help="functions to be carried")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["due"] <= timezone.localdate():
            raise CommandError("The due date must lie ahead.")
        aim = flows.set_aim(by=None, due_on=options["due"], functions=options["functions"], apps=options["apps"])
        self.stdout.write(f"From {aim.apps_at_start} apps today to {aim.apps} by {aim.due_on}.")

"""`manage.py digest --day 2026-11-24`: what failed on a day and why, on standard output and by e-mail."""

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from services.gateway import digest


class Command(BaseCommand):
    help = (
        "Say what failed on a day, by backend and cause; mail it to OPERATIONS_EMAIL and to the departments' officers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", type=date.fromisoformat, help="such as 2026-11-24; yesterday unless given")
        parser.add_argument("--no-mail", action="store_true", help="only print it")

    def handle(self, *args: Any, **options: Any) -> None:
        day = options["day"] or timezone.localdate() - timedelta(days=1)
        self.stdout.write(digest.text(digest.of(day)))
        if options["no_mail"]:
            return
        try:
            count = digest.send(day, again=True)
        except OSError as error:
            raise CommandError(f"The mail server did not take it: {type(error).__name__}.") from error
        self.stdout.write(f"{count} e-mails sent.")

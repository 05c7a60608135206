"""`manage.py rotate_signing_keys`: make the next keys when they are due; --now after a key was lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from identity.provider import keys


class Command(BaseCommand):
    help = "Make the signing keys that are due. They are published before they sign. Can be run at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--now",
            action="store_true",
            help="a key was lost: stop signing with all that there are, sign with new ones",
        )

    def handle(self, *args: Any, now: bool, **options: Any) -> None:
        made = keys.rotate(at_once=now)
        for key in made:
            self.stdout.write(f"{key.alg} {key.pk}: signs from {key.not_before:%Y-%m-%d %H:%M} UTC")
        if not made:
            self.stdout.write("No key is due.")

"""Check the whole disclosure log: chains, seals, checkpoints and their signatures."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.consent import verification
from identity.consent.models import Checkpoint, Disclosure


class Command(BaseCommand):
    help = "Checks every line of the disclosure log and every checkpoint; names what was changed and ends with 1."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for problem in verification.problems():
            self.stdout.write(problem)
            count += 1
        if count:
            raise CommandError(f"The disclosure log is not as it was written: problems found: {count}.")
        lines, checkpoints = Disclosure.objects.count(), Checkpoint.objects.count()
        self.stdout.write(f"The disclosure log is as it was written: {lines} lines, {checkpoints} checkpoints.")

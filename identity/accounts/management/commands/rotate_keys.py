"""`manage.py rotate_keys`: bring every encrypted value under the newest key, and say when older keys can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity import rotation


class Command(BaseCommand):
    help = (
        "Re-encrypt all personal data under the first of FERRY_DATA_KEYS, and index identity card numbers under the"
        " first of FERRY_INDEX_KEYS. Can be broken off, run again, and run while people work."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wet-run", action="store_true", help="write; without it values are only counted")

    def handle(self, *args: Any, wet_run: bool, **options: Any) -> None:
        """Exits with 1 as long as an older key is needed, so that a script can wait for it."""
        total = rotation.Count("all")
        for count in rotation.run(write=wet_run):
            total += count
            self.stdout.write(_line(count))
        if total.unreadable:
            raise CommandError(
                f"{total.unreadable} values cannot be read with any of the keys, or are another person's number too."
                " Remove no key before you know why."
            )
        if total.stale:
            advice = "Run it once more." if wet_run else "Nothing was written. Add --wet-run to do it."
            raise CommandError(f"{total.stale} values still need an older key: remove none. {advice}")
        self.stdout.write("Everything is under the newest keys: the older ones can be removed.")


def _line(count: rotation.Count) -> str:
    facts = [f"{count.seen} values"]
    facts += [f"{count.renewed} renewed"] if count.renewed else []
    facts += [f"{count.stale} under an older key"] if count.stale else []
    facts += [f"{count.unreadable} not readable"] if count.unreadable else []
    return f"{count.place}: {', '.join(facts)}"

"""`manage.py load_catalogue`: the demonstration catalogue, or another of the same shape."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.registry.catalogue import load
from services.registry.catalogue.compiled import Faulty

MOST_SHOWN = 50


class Command(BaseCommand):
    help = "Load departments, apps and functions. Loads nothing if anything in the files is wrong."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--path", type=Path, default=load.FOLDER, help="folder of the CSV files")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        began = time.monotonic()
        try:
            counts = load.load(path)
        except Faulty as faulty:
            for fault in faulty.faults[:MOST_SHOWN]:
                self.stderr.write(str(fault))
            if len(faulty.faults) > MOST_SHOWN:
                self.stderr.write(f"... and {len(faulty.faults) - MOST_SHOWN} more")
            raise CommandError(f"Nothing was loaded: {len(faulty.faults)} faults in {path}.") from faulty
        if counts is None:
            self.stdout.write("The catalogue is loaded already.")
            return
        done = ", ".join(f"{name} {number:,}" for name, number in counts.items())
        self.stdout.write(f"Catalogue loaded in {time.monotonic() - began:.1f} s: {done}.")

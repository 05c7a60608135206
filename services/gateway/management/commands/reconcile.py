"""`manage.py reconcile --backend td-rest --day 2026-03-03`: our calls against the department's ledger."""

import json
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from services.gateway import reconciliation
from services.gateway.errors import LedgerUnreadable
from services.gateway.reconciliation import FAULTS, Reconciliation, Span
from services.registry.models import Backend

SHOWN = 20  # receipts of each kind; --json gives the first thousand
NOT_COMPARED = 2  # exit status


class Command(BaseCommand):
    help = (
        "Compare our calls with a department's ledger. Exit status 0: nothing lost, doubled or unknown; 1: something"
        " is; 2: a ledger could not be read. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--backend", action="append", help="code of the backend; may be given several times")
        whose.add_argument("--all", action="store_true", help="every backend whose settings name a ledger")
        parser.add_argument(
            "--day", type=date.fromisoformat, help="in Hong Kong, such as 2026-03-03; default: yesterday"
        )
        parser.add_argument("--days", type=int, default=1, help="how many days from that one on; default: 1")
        parser.add_argument("--ledger", type=Path, help="CSV file with columns receipt, at, effect (one backend only)")
        parser.add_argument("--json", action="store_true", help="a JSON array instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < 1 or (options["ledger"] and len(options["backend"] or []) != 1):
            raise CommandError("Give at least one day, and a file for one backend only.", returncode=NOT_COMPARED)
        span = Span(options["day"] or timezone.localdate() - timedelta(days=1), options["days"])
        found, unread = [], []
        for backend in self._backends(**options):
            try:
                found.append(reconciliation.reconcile(backend, span, options["ledger"]))
            except LedgerUnreadable as error:
                unread.append(f"{backend.code}: {error}")
        self._say(found, as_json=options["json"])
        if unread:
            raise CommandError("The ledger cannot be read. " + "; ".join(unread), returncode=NOT_COMPARED)
        if not all(each.is_clean for each in found):
            raise CommandError("Our calls and the ledger differ.", returncode=1)

    def _backends(self, **options: Any) -> list[Backend]:
        if options["all"]:
            asked = Backend.objects.all()
            for each in asked.exclude(settings__has_key="ledger"):
                self.stderr.write(f"{each.code}: no ledger is known, not compared")
            return list(asked.filter(settings__has_key="ledger"))
        chosen = list(Backend.objects.filter(code__in=options["backend"]))
        if unheard := set(options["backend"]) - {each.code for each in chosen}:
            raise CommandError(f"There is no backend {', '.join(sorted(unheard))}.", returncode=NOT_COMPARED)
        for each in chosen:
            if options["ledger"] is None and "ledger" not in each.settings:
                raise CommandError(f"Name a file: --ledger. {each.code} has no ledger set.", returncode=NOT_COMPARED)
        return chosen

    def _say(self, found: list[Reconciliation], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([asdict(each) for each in found], default=str))
            return
        for each in found:
            numbers = ", ".join(f"{getattr(each, name).count} {name}" for name in FAULTS)
            beside = ", ".join(
                f"{getattr(each, name)} {name}" for name in ("matched", "under_way", "uncovered", "tried")
            )
            self.stdout.write(f"{each.backend} {each.span}: {numbers} ({beside}, {each.entries} rows)")
            for name in FAULTS:
                for one in getattr(each, name).findings[:SHOWN]:
                    ours = one.status or "no call of ours"
                    self.stdout.write(f"  {name} {one.receipt}: {ours}; filed {one.filed}, refused {one.refused}")
            if each.uncovered:
                self.stdout.write("  uncovered: near the ledger's ends; compare with the next day's too (--days 2)")

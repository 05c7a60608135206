"""`manage.py demo_consolidation`: an aim, and believable blockers. A second run changes nothing."""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from services.consolidation import flows
from services.consolidation.models import Aim, Blocker
from services.registry.models import LegacyApp

DUE_ON = date(2027, 12, 31)
BLOCKERS = [  # app, what is in the way, who clears it, for how many days
    ("immd-mobile", "The e-Passport photo check still runs in the app alone", "Immigration, Information Systems", 96),
    ("immd-contactless", "Gate vendor needs a signed change to read the portal's QR code", "Airport Division", 143),
    ("immd-eservices", "Two appointment calendars must become one first", "Immigration, Appointments Team", 58),
    ("ofca-speed", "The speed test itself needs a place of its own before the app goes", "OFCA, Consumer Affairs", 41),
    ("wfsfaa-wfa", "Applications begun in the app run until the end of the quarter", "WFSFAA, Operations", 33),
    ("erb-app", "Archive of past course bookings is not exported yet", "ERB, IT Unit", 112),
    ("cr-mobile", "Bulk filers still send by the old upload format", "Companies Registry, e-Filing", 27),
    ("hkemobility", "Live traffic map has no home in the portal", "Transport, Smart Mobility", 205),
    ("hkemobility", "Contract for the app's map data ends in March; notice is not given", "Transport, Supplies", 19),
]


class Command(BaseCommand):
    help = "Set the demonstration's aim and note what keeps some apps from being switched off."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not Aim.objects.exists():
            flows.set_aim(by=None, due_on=DUE_ON)
        noted = 0 if Blocker.objects.exists() else self._note_blockers()
        flows.take_reading()
        self.stdout.write(f"The aim is set; {noted} blockers noted.")

    def _note_blockers(self) -> int:
        apps = {app.code: app for app in LegacyApp.objects.exclude(status=LegacyApp.Status.RETIRED)}
        known = [row for row in BLOCKERS if row[0] in apps]
        for code, what, owner, days in known:
            blocker = flows.open_blocker(apps[code], what=what, owner=owner, by=None)
            Blocker.objects.filter(pk=blocker.pk).update(opened_at=timezone.now() - timedelta(days=days))
        return len(known)

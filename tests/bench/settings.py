"""The portal's settings with the addresses that it is measured against: FERRY_SETTINGS=tests.bench.settings."""

from typing import Any

from portal import settings as ours

globals().update({name: getattr(ours, name) for name in dir(ours) if name.isupper()})
ROOT_URLCONF = "tests.bench.urls"
MIDDLEWARE: list[Any] = ["tests.bench.empty.Bare", *ours.MIDDLEWARE]

"""How often one client may call: generous, and its own, so that one client in trouble is no other's."""

import time

from django.conf import settings
from django.core.cache import cache

from identity.provider.errors import TooManyRequests
from identity.provider.models import Client
from identity.security import logger

WINDOW_SECONDS = 60


def check(client: Client, endpoint: str) -> None:
    """Count one request; raises TooManyRequests beyond PROVIDER_CLIENT_RATE a minute at one endpoint."""
    key = f"provider:rate:{endpoint}:{client.pk}:{int(time.time()) // WINDOW_SECONDS}"
    if cache.add(key, 1, 2 * WINDOW_SECONDS):
        return
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two
        return
    if count > settings.PROVIDER_CLIENT_RATE:
        if count == settings.PROVIDER_CLIENT_RATE + 1:  # once a minute
            logger.warning("client_too_busy", client=client.client_id)
        raise TooManyRequests()

"""Fixtures for every test that speaks with the demonstration identity app; import them by name."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from identity.accounts.models import User
from identity.upstream import client as upstream_client
from identity.upstream.flows import LASTS, PROVIDER
from identity.upstream.models import Connection
from services.twins.identity_people import PEOPLE
from services.twins.ports import Ports
from tests.factories import UserFactory
from tests.identity.upstream.running import IdentityApp
from tests.services.twins.running import Twins

HERE = "http://testserver"


@pytest.fixture
def identity_app(twins_process: Twins, settings: Any) -> Iterator[IdentityApp]:
    """Well, and sure that Ferry is where Django's test client believes it to be."""
    app = IdentityApp(f"http://127.0.0.1:{Ports(twins_process.port).identity}")
    settings.UPSTREAM_URL = app.address
    settings.UPSTREAM_TRUST_FILE = twins_process.folder / "twins" / "identity" / "authority.pem"
    settings.FERRY_TSA_URL = f"{app.address}/time-stamps"
    settings.FERRY_TSA_TRUST_FILE = settings.UPSTREAM_TRUST_FILE
    settings.BASE_URL = "https://testserver"
    app.register("https://testserver")
    upstream_client.forget_keys()
    yield app
    app.set_mode("ok")


def link(person: User, code: str = "tai-man") -> Connection:
    """As if this person had signed in with that demonstration person's app, and the token had ended since."""
    known = PEOPLE[code]
    account = SocialAccount.objects.create(user=person, provider=PROVIDER, uid=known.open_id("ferry"))
    return Connection.objects.create(
        account=account, access_token="gone", scope=list(known.scope), expires_at=timezone.now() - LASTS
    )


@pytest.fixture
def citizen(db: None) -> User:
    """Verified, with a password, and no app yet."""
    return UserFactory(username="chan", first_name="CHAN Tai Man", assurance="basic")


@pytest.fixture
def desktop() -> Client:
    """The browser at which somebody sits."""
    return Client()

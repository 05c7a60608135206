"""Clients for tests: complete, and of the kind that most sites are."""

from typing import Any

from django.utils import timezone

from identity.accounts.models import User
from identity.provider.models import Client, digest
from tests.factories import UserFactory

SECRET = "a-secret-of-a-test"
CALLBACK = "https://td.example.hk/callback"
BYE = "https://td.example.hk/bye"


def words(**changed: Any) -> dict[str, Any]:
    """What an officer registers."""
    return {
        "name_en": "Licence book", "name_zh_hant": "牌照簿", "name_zh_hans": "牌照簿",
        "purpose_en": "To show your licences.", "purpose_zh_hant": "用以顯示你的牌照。",
        "purpose_zh_hans": "用于显示你的牌照。",
        "kind": "confidential", "token_endpoint_auth_method": "client_secret_basic", "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [BYE], "scopes": ["openid", "profile"], "sector_identifier": "td",
        **changed,
    }  # fmt: skip


def live(**changed: Any) -> Client:
    """A client that people sign in with."""
    author: User = UserFactory()
    given = {
        "client_id": f"td-{author.pk.hex[:8]}", "department": "td", "department_name_en": "Transport Department",
        "department_name_zh_hant": "運輸署", "department_name_zh_hans": "运输署", "secret_digest": digest(SECRET),
        "state": Client.State.LIVE, "created_by": author, "approved_by": UserFactory(), "approved_at": timezone.now(),
        **words(),
    }  # fmt: skip
    return Client.objects.create(**{**given, **changed})

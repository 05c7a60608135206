"""Clients of the demonstration: sites on this machine that sign people in, already approved. Never for production."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from identity.accounts.models import User
from identity.provider.models import Client
from identity.provider.registration import digest_of, new_secret
from services.registry.models import Department

SCOPES = ["openid", "profile", "email", "address", "phone", "offline_access", "calls"]
CLIENTS: dict[str, dict[str, Any]] = {  # client_id -> what it is; two departments, so that subjects can be compared
    "demo-td": {
        "department": "td",
        "name_en": "Driving licence bookings", "name_zh_hant": "駕駛執照預約", "name_zh_hans": "驾驶执照预约",
        "purpose_en": "To book your appointments and keep them for you",
        "purpose_zh_hant": "為你預約並保存預約紀錄", "purpose_zh_hans": "为您预约并保存预约记录",
        "redirect_uris": ["http://127.0.0.1:8400/callback", "http://localhost:8400/callback"],
        "post_logout_redirect_uris": ["http://127.0.0.1:8400/", "http://localhost:8400/"],
    },
    "demo-rvd": {
        "department": "rvd",
        "name_en": "Rates and rent online", "name_zh_hant": "差餉及地租網上服務", "name_zh_hans": "差饷及地租网上服务",
        "purpose_en": "To show you the rates of your property",
        "purpose_zh_hant": "向你顯示你物業的差餉", "purpose_zh_hans": "向您显示您物业的差饷",
        "redirect_uris": ["http://127.0.0.1:8401/callback", "http://localhost:8401/callback"],
        "post_logout_redirect_uris": ["http://127.0.0.1:8401/", "http://localhost:8401/"],
    },
}  # fmt: skip


@transaction.atomic
def ensure(client_id: str, values: Mapping[str, Any]) -> tuple[Client, str]:
    """That client, live, and its secret if it is new or set by DEMO_CLIENT_SECRET; else an empty text.

    Raises Department.DoesNotExist, or User.DoesNotExist before the people of the demonstration are there.
    """
    client = Client.objects.filter(client_id=client_id).first()
    is_new = client is None
    client = client or _new(client_id, values)
    secret = ""
    if client.token_endpoint_auth_method.startswith("client_secret") and (is_new or settings.DEMO_CLIENT_SECRET):
        secret = settings.DEMO_CLIENT_SECRET or new_secret()[0]
        client.secret_digest = digest_of(secret)
    client.save()
    return client, secret


def _new(client_id: str, values: Mapping[str, Any]) -> Client:
    facts = dict(values)
    department = Department.objects.get(code=facts.pop("department"))
    method = facts.setdefault("token_endpoint_auth_method", "client_secret_basic")
    made = {
        "scopes": SCOPES,
        "sector_identifier": department.code,
        "kind": "public" if method == "none" else "confidential",
        "created_by": User.objects.get(username="officer"),
        "approved_by": User.objects.get(username="approver"),
    }
    return Client(
        client_id=client_id,
        department=department.code,
        department_name_en=department.name_en,
        department_name_zh_hant=department.name_zh_hant,
        department_name_zh_hans=department.name_zh_hans or department.name_zh_hant,
        state=Client.State.LIVE,
        approved_at=timezone.now(),
        **{**made, **facts},
    )

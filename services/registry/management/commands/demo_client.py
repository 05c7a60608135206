"""`manage.py demo_client`: one more site of the demonstration that signs people in, to try any OpenID client with."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.accounts.models import User
from identity.provider import soundness
from identity.provider.models import Client
from services.registry import demonstration_clients
from services.registry.models import Department


class Command(BaseCommand):
    help = "Register a live client of the demonstration and print its id and secret as JSON, once. Not for production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("redirect_uris", nargs="+", metavar="redirect-uri")
        parser.add_argument("--client-id", default="", help="made up if not given")
        parser.add_argument("--department", default="td", help="its code; another one is another sector")
        parser.add_argument("--post-logout-redirect-uri", dest="post_logout_redirect_uris", nargs="*", default=[])
        parser.add_argument("--method", choices=Client.AuthMethod.values, default=Client.AuthMethod.BASIC)
        parser.add_argument("--jwks", type=Path, help="a file with the public keys, for private_key_jwt")
        parser.add_argument("--alg", choices=Client.Algorithm.values, default=Client.Algorithm.RS256)
        parser.add_argument("--scopes", nargs="*", default=demonstration_clients.SCOPES)
        parser.add_argument("--backchannel-logout-uri", default="")
        parser.add_argument("--least-acr", choices=Client.Acr.values, default=Client.Acr.NONE)
        parser.add_argument("--dpop", action="store_true", help="refuse tokens without DPoP")
        parser.add_argument("--par", action="store_true", help="refuse requests that were not pushed")

    def handle(self, *args: Any, **given: Any) -> None:
        client_id = given["client_id"] or f"demo-{given['department']}-{secrets.token_hex(4)}"
        try:
            client, secret = demonstration_clients.ensure(client_id, _values(client_id, given))
        except (Department.DoesNotExist, User.DoesNotExist) as error:
            raise CommandError("Run load_catalogue and demo first, and name a department of the catalogue.") from error
        told = {
            "client_id": client.client_id,
            "client_secret": secret,
            "token_endpoint_auth_method": client.token_endpoint_auth_method,
        }
        self.stdout.write(json.dumps({name: value for name, value in told.items() if value}))
        for problem in soundness.problems(client):
            self.stderr.write(f"An officer would be told: {problem}")


def _values(client_id: str, given: dict[str, Any]) -> dict[str, Any]:
    try:
        jwks = json.loads(given["jwks"].read_text(encoding="utf-8")) if given["jwks"] else None
    except (OSError, ValueError) as error:
        raise CommandError(f"The keys cannot be read: {error}") from error
    words = {f"name_{language}": client_id for language in ("en", "zh_hant", "zh_hans")}
    purposes = {"en": "To try signing in", "zh_hant": "試用登入", "zh_hans": "试用登录"}
    return {
        "department": given["department"],
        "redirect_uris": given["redirect_uris"],
        "post_logout_redirect_uris": given["post_logout_redirect_uris"],
        "scopes": given["scopes"],
        "token_endpoint_auth_method": given["method"],
        "jwks": jwks,
        "id_token_signed_response_alg": given["alg"],
        "backchannel_logout_uri": given["backchannel_logout_uri"],
        "least_acr": given["least_acr"],
        "dpop_bound_access_tokens": given["dpop"],
        "require_pushed_authorization_requests": given["par"],
        **words,
        **{f"purpose_{language}": text for language, text in purposes.items()},
    }

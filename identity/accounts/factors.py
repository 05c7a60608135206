"""A person's ways of signing in: passkeys, authenticator app, recovery codes; their secrets are kept encrypted."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from urllib.parse import urlsplit

import qrcode
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.translation import gettext as _
from qrcode.image.svg import SvgPathImage

from identity.accounts.models import User
from identity.encryption import decrypt, encrypt

SITE = "Ferry 一渡通"


class FactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text.encode("ascii")).decode()

    def get_totp_issuer(self) -> str:
        return SITE

    def build_totp_svg(self, url: str) -> str:
        return picture(url)

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("My passkey") if number == 1 else _("Passkey %(number)d") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The relying party of WebAuthn section 5.4.2: fixed by BASE_URL, whatever Host was asked for."""
        return {"id": relying_party_id(), "name": SITE}


def relying_party_id() -> str:
    """The host name to which passkeys belong. No passkey can belong to an IP address: on loopback it is `localhost`."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return "localhost" if _is_loopback(host) else host


def passkeys_work_at(request: HttpRequest) -> bool:
    """Whether browsers allow our passkeys at the address that this request came to."""
    host, wanted = request.get_host().rpartition(":")[0] or request.get_host(), relying_party_id()
    is_ours = host == wanted or host.endswith(f".{wanted}")
    return is_ours and (request.is_secure() or wanted == "localhost")


def address_for_passkeys(request: HttpRequest) -> str:
    """This same page at an address where passkeys work; empty if there is none."""
    base = urlsplit(settings.BASE_URL)
    if base.scheme != "https" and relying_party_id() != "localhost":
        return ""
    host = relying_party_id() if base.port is None else f"{relying_party_id()}:{base.port}"
    return f"{base.scheme}://{host}{request.get_full_path()}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def picture(text: str) -> str:
    """A QR code as SVG, to be drawn in the page's own colour for dark on light."""
    drawn = qrcode.make(text, image_factory=SvgPathImage, border=3)
    buffer = BytesIO()
    drawn.save(buffer)
    return buffer.getvalue().decode().partition("?>")[2].strip()


@dataclass(frozen=True)
class Passkey:
    """One passkey as its owner knows it."""

    pk: int
    name: str
    added_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class Factors:
    """Everything with which a person can sign in."""

    passkeys: list[Passkey]
    app_since: datetime | None
    app_used_at: datetime | None
    codes_left: int | None  # None: no recovery codes were made
    has_password: bool

    @property
    def has_second(self) -> bool:
        return bool(self.passkeys) or self.app_since is not None


def of(person: User) -> Factors:
    """One query."""
    passkeys: list[Passkey] = []
    app, codes_left = None, None
    for row in Authenticator.objects.filter(user=person).order_by("created_at"):
        if row.type == Authenticator.Type.WEBAUTHN:
            passkeys.append(Passkey(row.pk, row.wrap().name, row.created_at, row.last_used_at))
        elif row.type == Authenticator.Type.TOTP:
            app = row
        else:
            codes_left = len(row.wrap().get_unused_codes())
    return Factors(
        passkeys=passkeys,
        app_since=app.created_at if app else None,
        app_used_at=app.last_used_at if app else None,
        codes_left=codes_left,
        has_password=person.has_usable_password(),
    )


def remove_all(person: User) -> int:
    """Take every passkey, app and recovery code from the account, for somebody who lost them; returns how many."""
    deleted: int = Authenticator.objects.filter(user=person).delete()[0]
    return deleted

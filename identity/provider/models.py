"""What the OpenID Provider keeps. Secrets, codes and tokens stand here as SHA-256 only: they are random, 256 bits."""

import hashlib
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from identity.consent.models import Consent
from identity.encryption import EncryptedBinaryField, EncryptedJSONField
from identity.provider import registration

LANGUAGES = ("en", "zh_hant", "zh_hans")  # ends of the columns that hold words


def digest(secret: str) -> str:
    """What is kept of a secret, code or token: 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ClientQuerySet(models.QuerySet["Client"]):
    def live(self) -> "ClientQuerySet":
        """Approved, and not suspended (or a test log-in under way at the desk): only these get anything."""
        return self.filter(state__in=Client.USABLE)


class Client(registration.ClientMetadata, models.Model):
    """One site or app of a department that signs people in through Ferry (OpenID Connect Registration section 2)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEW = "review", _("waiting for approval")
        LIVE = "live", _("live")
        SUSPENDED = "suspended", _("suspended")
        TRIAL = "trial", _("a test log-in")  # a copy for one test log-in at the desk, and then no more

    class Kind(models.TextChoices):
        CONFIDENTIAL = "confidential", _("runs on a server and can keep a secret")
        PUBLIC = "public", _("an app or a page, which cannot keep a secret")

    class AuthMethod(models.TextChoices):
        NONE = "none", _("none")
        BASIC = "client_secret_basic", _("secret, in the header")
        POST = "client_secret_post", _("secret, in the form")
        PRIVATE_KEY_JWT = "private_key_jwt", _("signed assertion")

    class Algorithm(models.TextChoices):
        RS256 = "RS256", "RS256"
        ES256 = "ES256", "ES256"

    class Acr(models.TextChoices):
        NONE = "none", _("any log-in")
        BASIC = "basic", _("identity verified")
        PLUS = "plus", _("identity verified, and a strong factor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client_id = models.CharField(_("client id"), max_length=80, unique=True)
    department = models.CharField(_("department"), max_length=30)  # its code; what services call it stands beside
    department_name_en = models.CharField(max_length=200)
    department_name_zh_hant = models.CharField(max_length=200)
    department_name_zh_hans = models.CharField(max_length=200)
    name_en = models.CharField(_("name in English"), max_length=100)
    name_zh_hant = models.CharField(_("name in Traditional Chinese"), max_length=100)
    name_zh_hans = models.CharField(_("name in Simplified Chinese"), max_length=100)
    purpose_en = models.CharField(_("purpose in English"), max_length=300)
    purpose_zh_hant = models.CharField(_("purpose in Traditional Chinese"), max_length=300)
    purpose_zh_hans = models.CharField(_("purpose in Simplified Chinese"), max_length=300)

    kind = models.CharField(max_length=20, choices=Kind)
    token_endpoint_auth_method = models.CharField(max_length=30, choices=AuthMethod)
    secret_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    jwks = models.JSONField(_("public keys"), null=True, blank=True)  # a JWK Set, RFC 7517
    jwks_uri = models.URLField(_("address of the public keys"), max_length=500, blank=True, default="")
    redirect_uris = ArrayField(models.CharField(max_length=500), size=20)
    post_logout_redirect_uris = ArrayField(models.CharField(max_length=500), size=20, blank=True, default=list)
    scopes = ArrayField(models.CharField(max_length=40), size=20)
    grant_types = ArrayField(models.CharField(max_length=80), size=10, default=registration.default_grant_types)
    sector_identifier = models.CharField(_("sector"), max_length=200)  # clients of one sector see the same subjects
    backchannel_logout_uri = models.URLField(max_length=500, blank=True, default="")
    backchannel_logout_session_required = models.BooleanField(default=True)
    id_token_signed_response_alg = models.CharField(max_length=10, choices=Algorithm, default=Algorithm.RS256)
    require_pushed_authorization_requests = models.BooleanField(default=False)  # RFC 9126 section 6
    dpop_bound_access_tokens = models.BooleanField(default=False)  # RFC 9449 section 5.2
    least_acr = models.CharField(_("least assurance"), max_length=10, choices=Acr, default=Acr.NONE)
    consent_days = models.PositiveSmallIntegerField(_("days that a consent lasts"), default=365)

    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    approved_at = models.DateTimeField(null=True, blank=True)

    USABLE = (State.LIVE, State.TRIAL)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")), name="client_approved_by_a_second_officer"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "suspended"]) | Q(approved_by__isnull=False),
                name="client_live_only_if_approved",
            ),
            models.CheckConstraint(
                condition=Q(kind="public", token_endpoint_auth_method="none")  # noqa: S106
                | Q(kind="confidential") & ~Q(token_endpoint_auth_method="none"),  # noqa: S106
                name="client_confidential_always_authenticates",
            ),
            models.CheckConstraint(
                condition=Q(secret_digest="") | Q(token_endpoint_auth_method__startswith="client_secret"),  # noqa: S106
                name="client_secret_only_if_used",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_en} ({self.client_id})"

    def words(self, kind: str) -> dict[str, str]:
        """The `name`, `department_name` or `purpose` by language code, as the disclosure log keeps them."""
        return {language.replace("_", "-"): getattr(self, f"{kind}_{language}") for language in LANGUAGES}


class PairwiseSubject(models.Model):
    """The random `sub` of a person for one sector (OpenID Connect Core section 8.1): sectors cannot join records."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sector = models.CharField(max_length=200)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    sub = models.CharField(max_length=60, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sector", "person"], name="subject_one_per_person_and_sector")]

    def __str__(self) -> str:
        return f"{self.sub} in {self.sector}"


class SigningKey(models.Model):
    """A key that signs ID tokens and logout tokens. It is published before it signs, and as long as a token lives."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # the `kid`
    alg = models.CharField(max_length=10, choices=Client.Algorithm)
    private_pem: Any = EncryptedBinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    not_before = models.DateTimeField()  # signs from here
    signs_until = models.DateTimeField()
    published_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(signs_until__gt=F("not_before"), published_until__gte=F("signs_until")),
                name="signing_key_published_as_long_as_it_signs",
            )
        ]

    def __str__(self) -> str:
        return f"{self.alg} {self.pk}"


class TokenFamily(models.Model):
    """All that came of one authorization: its codes and tokens end together (RFC 9700 section 4.14.2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="families")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    consent = models.ForeignKey(Consent, on_delete=models.SET_NULL, related_name="+", null=True)  # as it began
    scope = models.CharField(max_length=500)
    claims: Any = models.JSONField(default=dict)  # the `claims` request, OpenID Connect Core 1.0 section 5.5
    session = models.UUIDField(null=True)  # the web session it came from: identity.provider.sid
    sid = models.CharField(max_length=60, blank=True, default="")  # the claim, of its own for each sector
    acr = models.CharField(max_length=10)
    amr = ArrayField(models.CharField(max_length=20))
    auth_time = models.DateTimeField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["session"], name="family_of_session"),
            models.Index(fields=["person", "-created_at"], name="family_of_person"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to this client."""
        return self.client_id == client.pk


class AuthorizationCode(models.Model):
    """One code: what the token request has to match. Whose it is and what for stands with the family."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="codes")
    redirect_uri = models.CharField(max_length=500)
    nonce = models.CharField(max_length=500, blank=True, default="")
    code_challenge = models.CharField(max_length=128)  # S256, RFC 7636
    dpop_jkt = models.CharField(max_length=43, blank=True, default="")  # RFC 9449 section 10
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)

    def get_redirect_uri(self) -> str:
        """As Authlib's grant asks for it."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """As Authlib's grant asks for it."""
        return self.family.scope


class RefreshToken(models.Model):
    """Used once: the next one of its family takes its place."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="refresh_tokens")
    jkt = models.CharField(max_length=43, blank=True, default="")  # of a public client's DPoP key
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)

    def check_client(self, client: Client) -> bool:
        """Whether it was issued to this client."""
        return self.family.check_client(client)


class AccessToken(models.Model):
    """Opaque, short-lived: asked of the database at each use."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="access_tokens")
    scope = models.CharField(max_length=500)
    jkt = models.CharField(max_length=43, blank=True, default="")  # bound to this DPoP key (RFC 9449 section 6)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class PushedRequest(models.Model):
    """The parameters of an authorization request that wait: pushed by the client, or for its person to sign in."""

    class Kind(models.TextChoices):
        PUSHED = "pushed", _("by the client")  # RFC 9126; used once
        WAITING = "waiting", _("for its person")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)  # of the request_uri
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    parameters: Any = EncryptedJSONField()  # a login_hint may be a person's address
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class DeviceCode(models.Model):
    """A device without a browser waits for its person (RFC 8628)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for its person")
        APPROVED = "approved", _("approved")
        DENIED = "denied", _("denied")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    user_code_digest = models.CharField(max_length=64, unique=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=500)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="+", null=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    interval_seconds = models.PositiveSmallIntegerField(default=5)
    created_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="approved") | Q(family__isnull=False), name="device_code_approved_with_a_family"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class LogoutDelivery(models.Model):
    """One logout token on its way to one client (OpenID Connect Back-Channel Logout 1.0)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    sub = models.CharField(max_length=60)
    sid = models.CharField(max_length=60, blank=True, default="")
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)  # of HTTP; null: nobody answered
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(delivered_at=None, given_up_at=None), name="logout_to_deliver"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class UsedAssertion(models.Model):
    """The `jti` of a client assertion or a DPoP proof that was seen: a second one of the kind is a replay."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)  # of the kind, whose it is, and the jti
    expires_at = models.DateTimeField(db_index=True)  # from here the assertion itself is too old

    def __str__(self) -> str:
        return str(self.pk)


def is_over(moment: datetime | None, *, now: datetime) -> bool:
    """Whether a moment that ends something has come; None never comes."""
    return moment is not None and moment <= now

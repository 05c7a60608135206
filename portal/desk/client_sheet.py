"""The page on which a client is written: what an officer types, checked entry by entry."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.provider import outbound, soundness
from identity.provider.models import Client
from services.registry.models import Department

SCOPES = (
    ("openid", gettext_lazy("who someone is, by a number of its own for your department (always)")),
    ("profile", gettext_lazy("name, birth date and sex")),
    ("email", gettext_lazy("e-mail address")),
    ("phone", gettext_lazy("telephone number")),
    ("address", gettext_lazy("address")),
    ("offline_access", gettext_lazy("ask again later without the person (refresh tokens)")),
    ("calls", gettext_lazy("make calls for the person at Ferry's own API")),
)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (
    ("authorization_code", gettext_lazy("signing in in a browser (always)")),
    ("refresh_token", gettext_lazy("refresh tokens")),
    (DEVICE_CODE, gettext_lazy("devices without a keyboard (device code)")),
)
LONGEST_LIST = 20


def _text(label: Any, *, longest: int, lines: int = 1, required: bool = True, language: str = "") -> forms.CharField:
    attributes: dict[str, Any] = {"class": "desk-input"} | ({"lang": language} if language else {})
    widget = forms.Textarea({**attributes, "rows": lines}) if lines > 1 else forms.TextInput(attributes)
    return forms.CharField(label=label, max_length=longest, required=required, widget=widget)


def _select(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select({"class": "desk-input"}))


def _ticks(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, widget=forms.CheckboxSelectMultiple())


def _tick(label: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False)


class Addresses(forms.CharField):
    """A list of addresses, one a line; each mistake names its line."""

    widget = forms.Textarea

    def __init__(self, *, label: Any, required: bool) -> None:
        attributes = {"class": "desk-input desk-mono", "rows": 3, "spellcheck": "false"}
        super().__init__(label=label, required=required, max_length=12_000, widget=forms.Textarea(attributes))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines() if line.strip()]
        if len(lines) > LONGEST_LIST:
            raise forms.ValidationError(_("At most %(count)s addresses.") % {"count": LONGEST_LIST})
        problems = [f"{line[:80]}: {wrong}" for line in lines if (wrong := soundness.wrong_with_redirect(line))]
        if problems:
            raise forms.ValidationError(problems)
        return list(dict.fromkeys(lines))


class ClientForm(forms.Form):
    """Everything that is registered of a client; what only makes sense together is checked when it is submitted."""

    name_en = _text(gettext_lazy("Name in English"), longest=100, language="en")
    name_zh_hant = _text(gettext_lazy("Name in 繁體"), longest=100, language="zh-Hant-HK")
    name_zh_hans = _text(gettext_lazy("Name in 简体"), longest=100, required=False, language="zh-Hans")
    purpose_en = _text(gettext_lazy("Purpose in English"), longest=300, lines=3, language="en")
    purpose_zh_hant = _text(gettext_lazy("Purpose in 繁體"), longest=300, lines=3, language="zh-Hant-HK")
    purpose_zh_hans = _text(gettext_lazy("Purpose in 简体"), longest=300, lines=3, required=False, language="zh-Hans")
    kind = _select(gettext_lazy("What it is"), Client.Kind.choices)
    token_endpoint_auth_method = _select(gettext_lazy("How it proves itself"), Client.AuthMethod.choices)
    jwks = _text(gettext_lazy("Its public keys (JWK Set)"), longest=20_000, lines=6, required=False)
    jwks_uri = _text(gettext_lazy("Or the address of its public keys"), longest=500, required=False)
    redirect_uris = Addresses(label=gettext_lazy("Where people come back to after signing in"), required=True)
    post_logout_redirect_uris = Addresses(
        label=gettext_lazy("Where people come back to after signing out"), required=False
    )
    backchannel_logout_uri = _text(
        gettext_lazy("Where we tell it that someone signed out"), longest=500, required=False
    )
    backchannel_logout_session_required = _tick(gettext_lazy("It needs the session's number (sid) with that"))
    scopes = _ticks(gettext_lazy("What it asks for"), SCOPES)
    grant_types = _ticks(gettext_lazy("How tokens are got"), GRANTS)
    sector = _text(gettext_lazy("Sector"), longest=60, required=False)
    id_token_signed_response_alg = _select(gettext_lazy("Signature of ID tokens"), Client.Algorithm.choices)
    least_acr = _select(gettext_lazy("Who may sign in"), Client.Acr.choices)
    consent_days = forms.IntegerField(
        label=gettext_lazy("Days that a consent lasts"), min_value=1, max_value=730,
        widget=forms.NumberInput({"class": "desk-input desk-narrow"}),
    )  # fmt: skip
    require_pushed_authorization_requests = _tick(gettext_lazy("Only pushed requests (PAR)"))
    dpop_bound_access_tokens = _tick(gettext_lazy("Only tokens bound to its key (DPoP)"))

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.department = department

    def clean_jwks(self) -> Any:
        """Read as JSON; a private key is refused here, before it is kept anywhere."""
        typed = self.cleaned_data["jwks"].strip()
        if not typed:
            return None
        try:
            document = json.loads(typed)
        except ValueError as error:
            raise forms.ValidationError(_("This is not JSON.")) from error
        if problem := soundness.wrong_with_keys(document):
            raise forms.ValidationError(_("Please give %(what)s.") % {"what": problem})
        return document

    def clean_jwks_uri(self) -> str:
        return self._outside("jwks_uri")

    def clean_backchannel_logout_uri(self) -> str:
        return self._outside("backchannel_logout_uri")

    def _outside(self, name: str) -> str:
        typed = str(self.cleaned_data[name]).strip()
        if typed and not outbound.is_speakable(typed):
            raise forms.ValidationError(_("It has to be a whole address that begins with https://."))
        return typed

    def values(self) -> dict[str, Any]:
        """As the registry's verbs take them."""
        found = dict(self.cleaned_data)
        sector = found.pop("sector").strip()
        found["sector_identifier"] = f"{self.department.code}/{sector}" if sector else self.department.code
        for always, name in (("openid", "scopes"), ("authorization_code", "grant_types")):
            found[name] = list(dict.fromkeys([always, *found[name]]))
        return found


def blank(department: Department) -> ClientForm:
    """A new one, with what most clients want."""
    return ClientForm(department=department, initial={
        "kind": Client.Kind.CONFIDENTIAL, "token_endpoint_auth_method": Client.AuthMethod.PRIVATE_KEY_JWT,
        "scopes": ["openid", "profile"], "grant_types": ["authorization_code"], "consent_days": 365,
        "backchannel_logout_session_required": True, "least_acr": Client.Acr.BASIC,
        "id_token_signed_response_alg": Client.Algorithm.ES256,
    })  # fmt: skip


def of(client: Client, department: Department) -> ClientForm:
    """What a draft says now."""
    fields = [name for name in ClientForm.base_fields if name != "sector"]
    values = {name: getattr(client, name) for name in fields}
    values["jwks"] = json.dumps(client.jwks, indent=2) if client.jwks else ""
    values["sector"] = client.sector_identifier.removeprefix(client.department).removeprefix("/")
    return ClientForm(department=department, initial=values)


def facts(client: Client) -> list[tuple[str, str]]:
    """Everything registered, in words, for the page of a client."""
    return [(label(name), say(name, getattr(client, name))) for name in SHOWN] + [
        (_("Sector"), client.sector_identifier)
    ]


SHOWN = [name for name in ClientForm.base_fields if name != "sector"]


def label(name: str) -> str:
    """The page's word for a registered fact."""
    return _("Sector") if name == "sector_identifier" else str(ClientForm.base_fields[name].label)


def say(name: str, value: Any) -> str:
    """A registered value in words; a scope or a grant keeps its own name too, which the site's staff look for."""
    choices = {str(each): str(text) for each, text in getattr(ClientForm.base_fields.get(name), "choices", ())}
    match value:
        case bool():
            return _("yes") if value else _("no")
        case list():
            lines = (f"{each} – {choices[each]}" if each in choices else str(each) for each in value)
            return "\n".join(lines) or "–"
        case dict():
            keys = value.get("keys", [])
            return ", ".join(f"{key.get('kty')} {key.get('kid', '')}".strip() for key in keys)
    return choices.get(str(value), str(value)) if value not in (None, "") else "–"

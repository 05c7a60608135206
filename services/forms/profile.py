"""What a form asks of the person themselves: as little as its action needs, pre-filled from the profile."""

from collections.abc import Mapping

from services.forms.kinds import Json, kind_of
from services.forms.schema import field

_NAME = "applicant_name"
_HKID = "applicant_hkid"
_PHONE = "contact_phone"
_EMAIL = "contact_email"
_ADDRESS = "postal_address"

_QUESTIONS: dict[str, Json] = {
    _NAME: field(
        "text",
        titles={"en": "Your name in English", "zh-hant": "你的英文姓名", "zh-hans": "您的英文姓名"},
        hints={
            "en": "As on your identity card.",
            "zh-hant": "與身份證上的相同。",
            "zh-hans": "与身份证上的一致。",
        },
        profile="name_en",
    ),
    _HKID: field(
        "hkid",
        titles={
            "en": "Your identity card number",
            "zh-hant": "你的身份證號碼",
            "zh-hans": "您的香港身份证号码",
        },
        hints={
            "en": "For example A123456(3).",
            "zh-hant": "例如A123456(3)。",
            "zh-hans": "例如A123456(3)。",
        },
        profile="hkid",
    ),
    _PHONE: field(
        "phone",
        titles={"en": "Your phone number", "zh-hant": "你的電話號碼", "zh-hans": "您的电话号码"},
        hints={
            "en": "The department calls only if it has a question.",
            "zh-hant": "部門有疑問時才會致電。",
            "zh-hans": "部门有疑问时才会打电话。",
        },
        profile="phone",
        editable=True,
    ),
    _EMAIL: field(
        "email",
        titles={"en": "Your email address", "zh-hant": "你的電郵地址", "zh-hans": "您的电子邮箱"},
        profile="email",
        editable=True,
    ),
    _ADDRESS: field(
        "address",
        titles={"en": "Your postal address", "zh-hant": "你的通訊地址", "zh-hans": "您的通讯地址"},
        profile="address",
        editable=True,
    ),
}
_IDENTITY = {
    _NAME,
    _HKID,
}  # stand before the function's own questions; how to reach the person stands after them
_BY_ACTION: dict[str, tuple[str, ...]] = {
    "enquire": (_NAME, _HKID),
    "pay": (_NAME, _EMAIL),
    "book": (_NAME, _HKID, _PHONE),
    "report": (_NAME, _PHONE),
    "renew": (_NAME, _HKID, _PHONE, _EMAIL),
    "declare": (_NAME, _HKID, _PHONE),
    "register": (_NAME, _HKID, _PHONE, _EMAIL, _ADDRESS),
    "apply": (_NAME, _HKID, _PHONE, _EMAIL, _ADDRESS),
    "appeal": (_NAME, _HKID, _PHONE, _EMAIL, _ADDRESS),
}

# Functions' own fields that ask for what a profile holds: name -> (its kind, profile field, may be changed here).
_SAME_AS: dict[str, tuple[str, str, bool]] = {
    "contact_phone": ("phone", "phone", True),
    "mobile": ("phone", "phone", True),
    "contact_email": ("email", "email", True),
    "email": ("email", "email", True),
    "date_of_birth": ("date", "date_of_birth", False),
    "delivery_address": ("address", "address", True),
    "postal_address": ("address", "address", True),
    "address": ("address", "address", True),
}


def fields_for(action: str, assurance: str) -> dict[str, Json]:
    """The questions about the person; none for a function that anyone may use without saying who they are."""
    if assurance == "none":
        return {}
    return {name: dict(_QUESTIONS[name]) for name in _BY_ACTION[action]}


def ask(own: Mapping[str, Json], *, action: str, assurance: str) -> dict[str, Json]:
    """All properties of a function's form: who the person is, the function's own, how to reach the person.

    Nothing is asked twice: an own field that means the same is filled in from the profile instead.
    """
    own = {name: _filled_in(name, made) for name, made in own.items()}
    known = {made["x-profile"] for made in own.values() if "x-profile" in made}
    extra = {
        name: made
        for name, made in fields_for(action, assurance).items()
        if name not in own and made["x-profile"] not in known
    }
    before = {name: made for name, made in extra.items() if name in _IDENTITY}
    after = {name: made for name, made in extra.items() if name not in _IDENTITY}
    return {**before, **own, **after}


def _filled_in(name: str, made: Json) -> Json:
    kind, source, editable = _SAME_AS.get(name, ("", "", False))
    if "x-profile" in made or kind_of(made) != kind:
        return made
    return {**made, "x-profile": source, **({"x-profile-editable": True} if editable else {})}

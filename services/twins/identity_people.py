"""The people who have the demonstration identity app."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from identity.formats import hkid_check_digit

PLAIN_SCOPE = ("eidapi_auth", "eidapi_profiles", "eidapi_formFilling")
PLUS_SCOPE = (*PLAIN_SCOPE, "eidapi_sign")


@dataclass(frozen=True)
class Person:
    """Somebody with an account here; with "+" they can also sign."""

    code: str
    name: str
    chinese_name: str
    card: tuple[str, str]  # letters and digits of the identity card
    born: str  # YYYYMMDD
    sex: str
    mobile: str
    email: str
    has_plus: bool = True

    @property
    def scope(self) -> tuple[str, ...]:
        return PLUS_SCOPE if self.has_plus else PLAIN_SCOPE

    @property
    def card_hash_source(self) -> str:
        return "".join(self.card)

    def open_id(self, client_id: str) -> str:
        """How one service knows the person: another one for each service, and the same after a restart."""
        return hmac.new(
            b"the demonstration identity app", f"{client_id} {self.code}".encode(), hashlib.sha256
        ).hexdigest()

    def fields(self, names: list[str]) -> dict[str, Any]:
        """What is told of the person, of the fields asked for."""
        known = {
            "idNo": {"Identification": "".join(self.card), "CheckDigit": hkid_check_digit(*self.card)},
            "enName": {"UnstructuredName": self.name},
            "chName": {"ChineseName": self.chinese_name},
            "birthDate": self.born,
            "gender": self.sex,
            "mobileNumber": {"CountryCode": "852", "SubscriberNumber": self.mobile},
            "emailAddress": self.email,
        }
        told = {name: known[name] for name in names if name in known}
        return told | ({"chNameVerified": "Y"} if "chName" in told else {})


PEOPLE = {
    each.code: each
    for each in (
        Person("tai-man", "CHAN Tai Man", "陳大文", ("A", "123456"), "19880615", "M", "91234567", "chan@example.hk"),
        Person(
            "siu-ling", "LEE Siu Ling", "李小玲", ("B", "654321"), "19950302", "F", "92345678", "lee@example.hk", False
        ),
        Person("wai-kit", "WONG Wai Kit", "黃偉傑", ("C", "246813"), "19711120", "M", "93456789", "wong@example.hk"),
        Person("mei-fong", "TAM Mei Fong", "譚美芳", ("WX", "135792"), "20010909", "F", "94567890", "tam@example.hk"),
    )
}

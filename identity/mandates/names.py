"""Names of the two sides, in both scripts, kept with a mandate as they were when it was accepted."""

from django.utils.translation import get_language

from identity.accounts.models import User
from identity.mandates.models import Mandate
from identity.profile import flows as profile

Names = dict[str, str]  # by `en` and `zh`


def of_person(person: User) -> Names:
    """As the profile has them, else as the account does. One query."""
    known = profile.read(person, only=["name_en", "name_zh"])
    english = str(known["name_en"].value) if "name_en" in known else str(person)
    return {"en": english, "zh": str(known["name_zh"].value) if "name_zh" in known else english}


def of_sides(mandate: Mandate) -> dict[str, Names]:
    """Of `agent` and `principal`, once both are known. An officer is named as their department names them."""
    assert mandate.agent is not None
    officer = str(mandate.agent)
    agent = {"en": officer, "zh": officer} if mandate.is_assisted else of_person(mandate.agent)
    if mandate.principal_organisation is not None:
        return {"agent": agent, "principal": mandate.principal_organisation.names}
    assert mandate.principal_person is not None
    return {"agent": agent, "principal": of_person(mandate.principal_person)}


def say(names: Names | None) -> str:
    """In the script of the active language."""
    if not names:
        return ""
    is_chinese = (get_language() or "").startswith("zh")
    return names.get("zh" if is_chinese else "en") or names.get("en", "")


def agent_of(mandate: Mandate) -> str:
    return say((mandate.names or {}).get("agent"))


def principal_of(mandate: Mandate) -> str:
    return say((mandate.names or {}).get("principal"))

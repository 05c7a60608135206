"""Reading and drawing the questions about a mandate: for whom, which acts, which services, until when."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from identity.mandates.flows import Limits
from identity.mandates.models import LONGEST, Act, Mandate, Organisation
from portal.web import labels
from portal.web.sheet import say_day
from services.languages import current
from services.registry.models import ServiceFunction
from services.registry.windows import HONG_KONG

USUAL = timedelta(days=180)
MOST_SERVICES = 50
_CODE = re.compile(r"(?:.*/functions/)?([a-z0-9-]{2,80})/?(?:form/|review/)?(?:\?.*)?")


@dataclass
class Answers:
    """What was filled in, and what there is to put right, by field name."""

    address: str = ""
    kind: str = ""
    organisation: str = ""
    acts: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    services: str = ""
    functions: list[str] = field(default_factory=list)
    until: str = ""
    invites: bool = False
    errors: dict[str, str] = field(default_factory=dict)

    def limits(self) -> Limits:
        """Only after `read` found nothing to put right."""
        return Limits(tuple(self.acts), end_of(self.until), tuple(self.functions), tuple(self.categories))


def end_of(day: str) -> datetime:
    """The last moment of an ISO date in Hong Kong. Raises ValueError."""
    return datetime.combine(date.fromisoformat(day), time(23, 59, 59), HONG_KONG)


def blank() -> Answers:
    """What most people want: everything but signing, for half a year."""
    return Answers(acts=[Act.READ, Act.PREPARE, Act.SUBMIT], until=(timezone.localdate() + USUAL).isoformat())


def of(mandate: Mandate) -> Answers:
    """As it stands."""
    return Answers(
        acts=list(mandate.acts), categories=list(mandate.categories), services="\n".join(mandate.functions),
        functions=list(mandate.functions), until=timezone.localdate(mandate.valid_until).isoformat(),
    )  # fmt: skip


def read(post: QueryDict, *, asks_whom: bool) -> Answers:
    """The posted answers, with what is wrong with them in words."""
    answers = Answers(
        address=post.get("address", "").strip()[:254], kind=post.get("kind", ""),
        organisation=post.get("organisation", ""), acts=[act for act in Act.values if act in post.getlist("acts")],
        categories=[code for code in labels.CATEGORIES if code in post.getlist("categories")],
        services=post.get("services", "")[:10_000], until=post.get("until", ""), invites="invites" in post,
    )  # fmt: skip
    if asks_whom and not answers.address and not answers.invites:
        answers.errors["address"] = _("Say for whom: a user name, or an e-mail address. Or make an invitation code.")
    if not answers.acts:
        answers.errors["acts"] = _("Tick at least one thing that the mandate allows.")
    read_services(answers)
    _read_until(answers)
    return answers


def read_services(answers: Answers) -> None:
    """The codes of what was named, and what of it nobody knows."""
    lines = [line.strip() for line in answers.services.splitlines() if line.strip()]
    codes = [found[1] if (found := _CODE.fullmatch(line)) else "" for line in lines]
    known = set(ServiceFunction.objects.public().filter(code__in=codes).values_list("code", flat=True))
    wrong = [line for line, code in zip(lines, codes, strict=True) if code not in known]
    if wrong or len(lines) > MOST_SERVICES:
        answers.errors["services"] = _("We do not know this service: %(line)s. Copy the address of its page.") % {
            "line": wrong[0][:80] if wrong else lines[MOST_SERVICES][:80]
        }
    answers.functions = list(dict.fromkeys(code for code in codes if code in known))


def _read_until(answers: Answers) -> None:
    try:
        until = end_of(answers.until)
    except ValueError:
        answers.errors["until"] = _("Say the last day on which it holds.")
        return
    now = timezone.now()
    if not now < until <= now + LONGEST:
        answers.errors["until"] = _("Choose a day from today on, at most five years from now.")


# --- Drawing --------------------------------------------------------------------------------------
def fields(answers: Answers, *, is_offer: bool, organisations: list[Organisation]) -> list[dict[str, Any]]:
    """The questions of components/field.html about the other side."""
    hint = _("Their user name or e-mail address. They see your name and decide. "
             "We do not tell you whether there is such an account.")  # fmt: skip
    if not is_offer:
        hint += " " + _("For a company: its Business Registration number (8 digits).")
    found = [
        _field(answers, "address", _("Who?"), hint, "text", required=False, maxlength=254, autocomplete="off"),
        _field(answers, "invites", _("I do not know it: make an invitation code that I hand over myself"), "", "bool",
               required=False, value=answers.invites),
    ]  # fmt: skip
    if is_offer and organisations:
        choices = [("", _("me"))] + [(str(each.pk), _named(each)) for each in organisations]
        found.append(_field(answers, "organisation", _("To act for"), "", "choice", choices=choices, required=True))
    found.append(_field(answers, "kind", _kind_question(is_offer), "", "choice", choices=_kinds(is_offer)))
    return found


def _kind_question(is_offer: bool) -> str:
    return _("What are you to this person?") if is_offer else _("Who is it to you?")


def _kinds(is_offer: bool) -> list[tuple[str, str]]:
    said = [("parent", _("my parent")), ("child", _("my child")), ("company", _("a company")), ("other", _("other"))]
    if is_offer:
        said = [("parent", _("their parent")), ("child", _("their child")), ("other", _("other"))]
    return said


def until_field(answers: Answers) -> dict[str, Any]:
    return _field(answers, "until", _("Until which day?"), _("It ends by itself after this day."), "date")


def services_field(answers: Answers) -> dict[str, Any]:
    hint = _("One a line: the address of its page, or its code. Leave everything empty for all services.")
    return _field(answers, "services", _("Only these services"), hint, "longtext", required=False, maxlength=10_000)


def _field(answers: Answers, name: str, label: str, hint: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "label": label, "hint": hint, "kind": kind, "value": getattr(answers, name),
        "error": answers.errors.get(name, ""), "required": True, **more,
    }  # fmt: skip


def _named(organisation: Organisation) -> str:
    return organisation.name_en if current() == "en" else organisation.name_zh or organisation.name_en


def acts(chosen: list[str]) -> list[dict[str, object]]:
    """Each act with its words, as boxes to tick."""
    return [{"value": act, "label": said, "is_on": act in chosen} for act, said in act_words().items()]


def act_words() -> Mapping[str, str]:
    return {
        Act.READ.value: _("See calls and the answers to them"),
        Act.PREPARE.value: _("Fill in forms, with what is in the profile"),
        Act.SUBMIT.value: _("Send forms"),
        Act.SIGN.value: _("Sign"),
    }


def categories(chosen: list[str]) -> list[dict[str, object]]:
    return [{"value": code, "label": said, "is_on": code in chosen} for code, said in labels.CATEGORIES.items()]


def limits_in_words(mandate: Mandate) -> list[dict[str, object]]:
    """Rows of components/summary_list.html: what it allows, what not, for what, until when."""
    words = act_words()
    allowed = [said for act, said in words.items() if act in mandate.acts]
    denied = [said for act, said in words.items() if act not in mandate.acts]
    rows: list[dict[str, object]] = [{"label": _("Allowed"), "value": allowed}]
    if denied:
        rows.append({"label": _("Not allowed"), "value": denied})
    rows.append({"label": _("For"), "value": _services(mandate)})
    if mandate.is_assisted:
        rows.append({"label": _("For how long"), "value": _("half an hour, or until they end it")})
    else:
        rows.append({"label": _("Last day"), "value": say_day(timezone.localdate(mandate.valid_until))})
    return rows


def _services(mandate: Mandate) -> list[str]:
    if not mandate.functions and not mandate.categories:
        return [_("all services")]
    named = ServiceFunction.objects.filter(code__in=mandate.functions).select_related("published")
    said = [str(each.published.name) if each.published else each.code for each in named]
    subjects = [_("everything under “%(subject)s”") % {"subject": labels.CATEGORIES.get(code, code)}
                for code in mandate.categories]  # fmt: skip
    return sorted(said) + subjects

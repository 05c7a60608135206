"""Lines of the disclosure log as plain sentences, in the language of this request."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.consent.models import ASSISTED, OPERATIONS, Disclosure
from identity.profile.models import ProfileField
from identity.provider import claims
from services import languages
from services.forms import schema
from services.forms.kinds import Json
from services.gateway import shown


def say(line: Disclosure, *, reader: User) -> str:
    """Who got what they say, for what, and because of what; without the names of the fields, and of nobody else."""
    facts = {
        "who": languages.pick(line.recipient_names) or line.recipient,
        "what": languages.pick(line.purpose_names) or line.purpose,
        "sender": str(line.person) if line.person_id else "",
        "subject": str(line.for_person) if line.for_person_id else "",
    }
    return _pattern(line, reader) % facts


def _pattern(line: Disclosure, reader: User) -> str:
    if line.recipient == shown.AGENT:
        return _of_agent(line, reader)
    if line.kind == Disclosure.Kind.CALL:
        return _of_call(line, reader)
    if line.kind == Disclosure.Kind.OFFICER:
        return _of_look(line)
    return {
        Disclosure.Kind.USERINFO.value: _(
            "A site of %(who)s that you signed in to asked us for this, and received it. "
            "What for, in its own words: “%(what)s”"
        ),
        Disclosure.Kind.TOKEN.value: _(
            "You signed in to a site of %(who)s, which received this. What for, in its own words: “%(what)s”"
        ),
        Disclosure.Kind.EXPORT.value: _("This was taken out in a file for “%(what)s”: %(who)s."),
    }[line.kind]


def _of_call(line: Disclosure, reader: User) -> str:
    if not line.for_person_id:
        return _("%(who)s received this for “%(what)s” because you sent it.")
    if line.for_person_id == reader.pk:
        return _("%(who)s received this for “%(what)s” because %(sender)s sent it for you.")
    return _("%(who)s received this for “%(what)s” because you sent it for %(subject)s.")


def _of_agent(line: Disclosure, reader: User) -> str:
    if line.for_person_id == reader.pk:
        return _("%(who)s saw this of you while acting for you, for “%(what)s”.")
    return _("You saw this of %(subject)s while acting for them, for “%(what)s”.")


def _of_look(line: Disclosure) -> str:
    if line.ground.startswith(ASSISTED):
        return _("An officer of %(who)s, who helped you at a counter, saw this of you for “%(what)s”.")
    if line.recipient == OPERATIONS:
        return _("Someone of the team that runs Ferry looked at the record of your call “%(what)s”.")
    if line.fields:
        return _("An officer of %(who)s looked at what you sent with “%(what)s”, partly masked.")
    return _("An officer of %(who)s looked at the record of your call “%(what)s”, without what you wrote.")


def ground(line: Disclosure) -> str:
    """On what ground, in words; keys of consents and mandates are for the copy."""
    kind = line.ground.rpartition(" ")[0]
    said = {
        "consent": _("You allowed it: see “What I allowed”."),
        "mandate": _("By a mandate: see “Acting for others”."),
        ASSISTED: _("At a counter, with an officer who helped you."),
    }
    return said.get(kind) or (_("On the ground of: %(ground)s") % {"ground": line.ground} if line.ground else "")


def titles(names: Iterable[str], form: Json) -> str:
    """The fields as the form called them, in its order; those of the profile, whoever received them, by its names."""
    wanted = list(names)
    properties = form.get("properties", {})
    said = [schema.title_of(made) for name, made in properties.items() if name in wanted]
    said += [str(name_of(name)) for name in in_order(wanted) if name not in properties]
    return listed(said)


def name_of(field: str) -> str | Promise:
    """A field of the profile, or a claim that departments' sites get, as a person calls it."""
    known = {**claims.NAMES, **dict(ProfileField.Name.choices), "signature": _("your signature")}
    return known.get(field, field)


def in_order(names: Iterable[str]) -> list[str]:
    """As people give them: name, birth, ways to reach you. The rest comes last; what only describes another, never."""
    order = [*claims.NAMES, *ProfileField.Name.values]
    described = set(claims.COMPANIONS.values())
    wanted = [name for name in names if name not in described]
    return sorted(wanted, key=lambda name: order.index(name) if name in order else len(order))


def listed(words: Iterable[str]) -> str:
    return (", " if languages.current() == "en" else "、").join(words)

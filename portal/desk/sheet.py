"""The page on which a function is written: everything an officer typed, right or wrong, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.desk import mappings, questions
from portal.desk.mappings import Maps, TextError
from portal.desk.questions import Row
from services.forms import profile, schema
from services.forms.errors import SchemaError
from services.forms.kinds import Json
from services.registry.models import RETENTION_MAX, Backend, Department, FunctionVersion, LegacyApp
from services.registry.simplified import simplify

TAKEN = {"new", "preview"}  # addresses of the desk
WORDS = ("name_en", "name_zh_hant", "name_zh_hans", "summary_en", "summary_zh_hant", "summary_zh_hans")


def _text(label: Any, *, longest: int, required: bool = True, lines: int = 1, language: str = "") -> forms.CharField:
    attributes: dict[str, Any] = {"class": "desk-input"}
    if language:
        attributes["lang"] = language
    widget = forms.Textarea({**attributes, "rows": lines}) if lines > 1 else forms.TextInput(attributes)
    return forms.CharField(label=label, max_length=longest, required=required, widget=widget)


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.Select({"class": "desk-input"}))


class Facts(forms.Form):
    """What a version says beside its form and mappings."""

    name_en = _text(gettext_lazy("Name in English"), longest=200, language="en")
    name_zh_hant = _text(gettext_lazy("Name in 繁體"), longest=200, language="zh-Hant-HK")
    name_zh_hans = _text(gettext_lazy("Name in 简体"), longest=200, required=False, language="zh-Hans")
    summary_en = _text(gettext_lazy("Summary in English"), longest=300, required=False, lines=3, language="en")
    summary_zh_hant = _text(
        gettext_lazy("Summary in 繁體"), longest=300, required=False, lines=3, language="zh-Hant-HK"
    )
    summary_zh_hans = _text(gettext_lazy("Summary in 简体"), longest=300, required=False, lines=3, language="zh-Hans")
    keywords = _text(gettext_lazy("Words that people search with"), longest=4000, required=False, lines=2)
    category = _choice(gettext_lazy("Category"), FunctionVersion.Category.choices)
    action = _choice(gettext_lazy("What people do"), FunctionVersion.Action.choices)
    audience = forms.MultipleChoiceField(
        label=gettext_lazy("Who it is for"),
        choices=FunctionVersion.Audience.choices,
        widget=forms.CheckboxSelectMultiple({"class": "desk-tick"}),
    )
    assurance = _choice(gettext_lazy("Who may use it"), FunctionVersion.Assurance.choices)
    fee_hkd = forms.DecimalField(
        label=gettext_lazy("Fee in HK$"),
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=2,
        widget=forms.TextInput({"class": "desk-input", "inputmode": "decimal"}),
    )
    retention_days = forms.IntegerField(
        label=gettext_lazy("Days that what was sent is kept"),
        required=False,
        min_value=1,
        max_value=RETENTION_MAX,
        widget=forms.TextInput({"class": "desk-input", "inputmode": "numeric"}),
    )
    backend = forms.ModelChoiceField(
        label=gettext_lazy("The department's system"),
        queryset=Backend.objects.none(),
        widget=forms.Select({"class": "desk-input"}),
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own: Any = self.fields["backend"]
        own.queryset = Backend.objects.filter(department=department)
        own.label_from_instance = lambda row: f"{row.code} ({row.get_connector_display()})"

    def clean_keywords(self) -> list[str]:
        typed = self.cleaned_data["keywords"].replace("、", ",").replace("，", ",").replace("\n", ",")
        words = list(dict.fromkeys(filter(None, (word.strip() for word in typed.split(",")))))
        if too_long := next((word for word in words if len(word) > 100), None):
            raise forms.ValidationError(_("“%(word)s…” is too long.") % {"word": too_long[:20]})
        return words


class NewFacts(Facts):
    """The same, and what is settled once when a function is registered."""

    code = forms.SlugField(
        label=gettext_lazy("Its address in the portal"),
        required=False,
        max_length=80,
        widget=forms.TextInput({"class": "desk-input", "spellcheck": "false"}),
    )
    app = forms.ModelChoiceField(
        label=gettext_lazy("The old app that it comes from"),
        queryset=LegacyApp.objects.none(),
        required=False,
        empty_label=gettext_lazy("None"),
        widget=forms.Select({"class": "desk-input"}),
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, department=department, **kwargs)
        own: Any = self.fields["app"]
        own.queryset = LegacyApp.objects.filter(department=department).exclude(status="retired")
        self.department = department

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("code") in TAKEN:
            self.add_error("code", _("The desk uses this word itself. Choose another."))
        if not cleaned.get("code") and cleaned.get("name_en"):
            cleaned["code"] = f"{self.department.code}-{slugify(cleaned['name_en'])}"[:80].rstrip("-")
        return cleaned


@dataclass
class Sheet:
    """All of the page. `values()` gives the content to store, or None and the faults in their places."""

    facts: Facts
    rows: list[Row]
    maps: Maps
    code: str
    is_json: bool = False  # the form is written as JSON Schema, not as rows
    json_text: str = ""
    json_error: str = ""
    shown_language: str = "en"
    form: Json | None = field(default=None)

    @property
    def is_wrong(self) -> bool:
        return bool(self.facts.errors or self.json_error or self.maps.errors or any(row.errors for row in self.rows))

    @property
    def missing_words(self) -> int:
        return sum(len(row.errors) for row in self.rows)

    @property
    def proposed(self) -> set[str]:
        """Names of the Simplified words that are exactly what OpenCC proposes."""
        said = {name: self.facts[name].value() or "" for name in WORDS}
        return {
            f"{prefix}_zh_hans"
            for prefix in ("name", "summary")
            if said[f"{prefix}_zh_hans"] and said[f"{prefix}_zh_hans"] == simplify(said[f"{prefix}_zh_hant"])
        }

    def values(self) -> dict[str, Any] | None:
        """The content that this page describes; None while something is wrong."""
        form = self._settled_form()
        if not self.facts.is_valid():
            return None
        facts = dict(self.facts.cleaned_data)
        self.code = facts.pop("code", "") or self.code
        facts.pop("app", None)
        if form is None:
            return None
        documents = mappings.settle(
            self.maps,
            backend=facts["backend"],
            code=self.code,
            action=facts["action"],
            assurance=facts["assurance"],
            form=form,
        )
        return None if self.maps.errors else {**facts, "form": form, **documents}

    def _settled_form(self) -> Json | None:
        if not self.is_json:
            try:
                self.form = questions.to_schema(self.rows)
            except SchemaError as error:
                self.json_error = f"{error.pointer or '/'}: {error.message}"
                self.form = None
        else:
            self.form = self._parsed()
        return self.form

    def _parsed(self) -> Json | None:
        try:
            form = mappings.parse(self.json_text)
            schema.check(form)
        except TextError as error:
            self.json_error = str(error)
        except SchemaError as error:
            self.json_error = f"{error.pointer or '/'}: {error.message}"
        else:
            return dict(form)
        return None

    def sketch(self) -> Json | None:
        """The form as far as it goes; None if its JSON is none."""
        return self._parsed() if self.is_json else questions.sketch(self.rows)

    def act(self, verb: str) -> None:
        """A button that changes the page and stores nothing."""
        if verb == "simplify":
            self._simplify()
        elif verb == "json":
            questions.fill_simplified(self.rows)
            questions.name_all(self.rows)
            self.json_text, self.is_json = mappings.written(questions.sketch(self.rows)), True
        elif verb == "rows":
            form = self._parsed()
            if form is not None:
                self.rows, self.is_json = questions.from_schema(form), False
        elif verb == "person":
            self._ask_person()
        elif verb == "propose":
            self.maps.request_is_standard = self.maps.answer_is_standard = True
        elif verb.startswith("row-"):
            self.rows = questions.act(self.rows, verb.removeprefix("row-"))

    @property
    def is_deliverable(self) -> bool:
        """The system chosen, if any, can be reached already."""
        chosen = self._backend()
        return chosen is None or chosen.is_deliverable

    def _backend(self) -> Backend | None:
        own: Any = self.facts.fields["backend"]
        chosen: Backend | None = own.queryset.filter(pk=_number(self.facts["backend"].value()) or 0).first()
        return chosen

    def show_standard(self) -> None:
        """Write the standard mappings into their text areas, as far as the page says what they depend on."""
        chosen = self._backend()
        form = self.sketch()
        if chosen is None or form is None:
            return
        said = {name: self.facts[name].value() or "" for name in ("action", "assurance")}
        code = self.code or slugify(self.facts["name_en"].value() or "") or "code"
        if said["action"] in FunctionVersion.Action.values and said["assurance"] in FunctionVersion.Assurance.values:
            mappings.write_standard(self.maps, chosen, code, said["action"], said["assurance"], form)

    def _simplify(self) -> None:
        questions.fill_simplified(self.rows)
        said = self.facts.data.copy()  # type: ignore[attr-defined]
        for prefix in ("name", "summary"):
            if not said.get(f"{prefix}_zh_hans"):
                said[f"{prefix}_zh_hans"] = simplify(said.get(f"{prefix}_zh_hant", ""))
        self.facts.data = said

    def _ask_person(self) -> None:
        """The usual questions about the person, for the action and assurance chosen, around the function's own."""
        said = self.facts.data
        form = questions.sketch(self.rows)
        asked = profile.ask(
            form["properties"], action=said.get("action", "apply"), assurance=said.get("assurance", "basic")
        )
        kept = {row.name: row for row in self.rows}
        added = schema.build(asked)
        self.rows = [kept.get(row.name) or row for row in questions.from_schema(added)]


def _number(text: Any) -> int | None:
    return int(text) if str(text).isascii() and str(text).isdigit() and len(str(text)) < 19 else None


def blank(department: Department) -> Sheet:
    """A new function: for residents, signed in, with the usual questions about the person."""
    first = {"action": "apply", "assurance": "basic", "category": "government-law", "audience": ["citizen"]}
    backend = Backend.objects.filter(department=department, connector__in=["rest", "soap"]).first()
    facts = NewFacts(department=department, initial=first | ({"backend": backend.pk} if backend else {}))
    rows = questions.from_schema(schema.build(profile.ask({}, action="apply", assurance="basic")))
    return Sheet(facts=facts, rows=rows, maps=Maps(), code="")


def of_version(version: FunctionVersion) -> Sheet:
    """The page of a draft as it is stored."""
    function = version.function
    first = {name: getattr(version, name) for name in Facts.base_fields}
    first |= {"keywords": ", ".join(version.keywords), "backend": version.backend_id}
    return Sheet(
        facts=Facts(department=function.department, initial=first),
        rows=questions.from_schema(version.form),
        maps=mappings.of_version(version, function.code),
        code=function.code,
    )


def posted(post: QueryDict, *, department: Department, code: str = "") -> Sheet:
    """The page as it was sent; `code` of the function if it exists."""
    facts = (Facts if code else NewFacts)(post, department=department)
    return Sheet(
        facts=facts,
        rows=questions.read(post),
        maps=_maps(post),
        code=code,
        is_json=post.get("form_as") == "json",
        json_text=post.get("form_json", ""),
        shown_language=post.get("shown_language", "en"),
    )


def _maps(post: Mapping[str, str]) -> Maps:
    return Maps(
        request_text=post.get("request_map", ""),
        answer_text=post.get("answer_map", ""),
        request_is_standard=post.get("request_standard") == "on",
        answer_is_standard=post.get("answer_standard") == "on",
    )

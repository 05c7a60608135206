"""What the government offers: departments, their old apps and systems, and functions with their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services import languages
from services.registry import protocols, windows
from services.registry.documents import DocumentField

RETENTION_MAX = 3_653  # days: ten years


class Named(models.Model):
    """Names in the three languages."""

    name_en = models.CharField(_("name in English"), max_length=200)
    name_zh_hant = models.CharField(_("name in Traditional Chinese"), max_length=200)
    name_zh_hans = models.CharField(_("name in Simplified Chinese"), max_length=200, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the language of this request."""
        return languages.text_of(self)

    @property
    def names(self) -> dict[str, str]:
        return languages.names_of(self)


class Department(Named):
    class Kind(models.TextChoices):
        BUREAU = "bureau", _("bureau")
        DEPARTMENT = "department", _("department")
        STATUTORY_BODY = "statutory-body", _("statutory body")
        JUDICIARY = "judiciary", _("judiciary")

    code = models.SlugField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    retention_days = models.PositiveIntegerField(  # what was sent with a call is kept so long after the call's end
        default=730
    )

    class Meta:
        ordering = ["name_en"]
        constraints = [
            models.CheckConstraint(
                condition=Q(retention_days__gte=1, retention_days__lte=RETENTION_MAX),
                name="department_retention_bounded",
            )
        ]


class Membership(models.Model):
    """An officer of a department. Any two officers make four eyes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "department"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} @ {self.department.code}"


class OwnedQuerySet(models.QuerySet[Any]):
    """Rows that belong to a department."""

    def visible_to(self, user: Any) -> OwnedQuerySet:
        """Those of the officer's own departments; all for whoever may see all departments."""
        if user.is_superuser or user.has_perm("registry.see_all_departments"):
            return self
        return self.filter(department__memberships__user=user)


class LegacyApp(Named):
    """A departmental app or site whose functions move into the portal."""

    class Status(models.TextChoices):
        LIVE = "live", _("live")
        CONSOLIDATING = "consolidating", _("consolidating")
        RETIRED = "retired", _("retired")

    code = models.SlugField(max_length=60, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="apps")
    status = models.CharField(max_length=20, choices=Status)
    retire_by = models.DateField(null=True, blank=True)  # planned; for a retired app the day it went

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="retired") | Q(retire_by__isnull=False), name="app_retired_has_its_day"
            )
        ]


class Backend(models.Model):
    """One legacy system of a department: how it is reached, and how gently."""

    code = models.SlugField(max_length=60, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="backends")
    connector = models.CharField(max_length=20, choices=protocols.choices)
    address = models.CharField(max_length=500, blank=True, default="")
    credentials = models.CharField(  # the name of an environment variable, never the secret itself
        max_length=100, blank=True, default=""
    )
    settings = models.JSONField(default=dict, blank=True)  # as the connector's settings_schema says
    connect_timeout_seconds = models.FloatField(default=3)
    read_timeout_seconds = models.FloatField(default=20)  # of a silence while its answer is awaited
    timeout_seconds = models.FloatField(default=20)  # of the whole exchange
    max_concurrency = models.PositiveSmallIntegerField(default=8)
    max_per_minute = models.PositiveIntegerField(null=True, blank=True)  # deliveries; null: as many as come
    is_idempotent = models.BooleanField(default=False)  # the same receipt sent twice is filed once
    has_lookup = models.BooleanField(default=False)  # it can say what became of a receipt
    service_window = models.JSONField(null=True, blank=True)  # see windows.py

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    connect_timeout_seconds__gt=0,
                    read_timeout_seconds__gt=0,
                    timeout_seconds__gt=0,
                    timeout_seconds__lte=300,
                ),
                name="backend_timeouts_bounded",
            ),
            models.CheckConstraint(
                condition=Q(max_per_minute__isnull=True) | Q(max_per_minute__gt=0), name="backend_rate_is_above_zero"
            ),
            models.CheckConstraint(condition=Q(max_concurrency__gt=0), name="backend_has_a_slot"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_deliverable(self) -> bool:
        """A connector speaks its protocol."""
        return protocols.find(self.connector) is not None

    def opens_at(self, now: datetime) -> datetime:
        """`now` itself while the counter is open and no maintenance is under way. One query, unless prefetched."""
        return windows.next_open(self.service_window, now, closures=self._closures(now))

    def maintenance(self, now: datetime) -> Maintenance | None:
        """The one that is under way."""
        return next((each for each in self._coming(now) if each.starts_at <= now), None)

    def _closures(self, now: datetime) -> list[tuple[datetime, datetime]]:
        return [(each.starts_at, each.ends_at) for each in self._coming(now)]

    def _coming(self, now: datetime) -> list[Maintenance]:
        known = getattr(self, "_prefetched_objects_cache", {}).get("maintenances")
        found = self.maintenances.filter(ends_at__gt=now) if known is None else known
        return [each for each in found if each.ends_at > now]


class Maintenance(models.Model):
    """A notice that a backend is closed for a while: calls are kept meanwhile, and go when it ends."""

    backend = models.ForeignKey(Backend, on_delete=models.CASCADE, related_name="maintenances")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason_en = models.CharField(max_length=300, blank=True, default="")
    reason_zh_hant = models.CharField(max_length=300, blank=True, default="")
    reason_zh_hans = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="maintenance_ends_after_it_starts")
        ]
        indexes = [models.Index(fields=["backend", "ends_at"], name="maintenance_of_backend")]

    def __str__(self) -> str:
        return f"{self.backend_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def reason(self) -> str:
        """In the language of this request."""
        return languages.text_of(self, "reason")


class ServiceFunctionQuerySet(OwnedQuerySet):
    def public(self) -> ServiceFunctionQuerySet:
        """Those that a citizen may find: published, or suspended with its reason."""
        return self.filter(state__in=["published", "suspended"])

    def with_content(self) -> ServiceFunctionQuerySet:
        """With everything a page of the function shows, in the same query."""
        return self.select_related("department", "app", "published", "published__backend")


class ServiceFunction(models.Model):
    """One thing that a person can get done. Its words, form and mapping stand in its versions."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")  # never published yet
        PUBLISHED = "published", _("published")
        SUSPENDED = "suspended", _("suspended")
        RETIRED = "retired", _("retired")

    code = models.SlugField(max_length=80, unique=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="functions")
    app = models.ForeignKey(LegacyApp, on_delete=models.PROTECT, related_name="functions", null=True, blank=True)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    published = models.OneToOneField(
        "FunctionVersion", on_delete=models.PROTECT, related_name="published_for", null=True, editable=False
    )
    suspended_until = models.DateTimeField(null=True, blank=True)
    suspended_reason_en = models.CharField(max_length=300, blank=True, default="")
    suspended_reason_zh_hant = models.CharField(max_length=300, blank=True, default="")
    suspended_reason_zh_hans = models.CharField(max_length=300, blank=True, default="")

    objects = ServiceFunctionQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(published__isnull=False), name="function_out_of_draft_has_a_version"
            ),
            models.CheckConstraint(
                condition=~Q(state="suspended") | ~Q(suspended_reason_en=""), name="function_suspended_says_why"
            ),
        ]
        permissions = [("see_all_departments", "Can see the rows of every department")]

    def __str__(self) -> str:
        return self.code

    @property
    def suspended_reason(self) -> str:
        return languages.text_of(self, "suspended_reason")


class FilingPeriod(models.Model):
    """When a function can be filed, and what becomes of the deadline when we or the department were down in it."""

    class Rule(models.TextChoices):
        STOP_THE_CLOCK = "stop_the_clock", _("the deadline moves by as long as it was down")
        EXTEND = "extend", _("the deadline moves by whole days")

    function = models.ForeignKey(ServiceFunction, on_delete=models.CASCADE, related_name="filing_periods")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    rule = models.CharField(max_length=20, choices=Rule, default=Rule.STOP_THE_CLOCK)
    extend_days = models.PositiveSmallIntegerField(default=1)  # for `extend`: days added for each outage

    class Meta:
        ordering = ["closes_at"]
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="filing_closes_after_it_opens")
        ]

    def __str__(self) -> str:
        return f"{self.function_id} until {self.closes_at:%Y-%m-%d %H:%M}"


class FunctionVersion(Named):
    """What a function said and did from one publication to the next. Once published it never changes."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        IN_REVIEW = "in_review", _("in review")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("sent back")

    class Category(models.TextChoices):
        BUSINESS = "business", _("Business")
        COMMUNICATION = "communication-technology", _("Communication and technology")
        CULTURE = "culture-leisure", _("Culture and leisure")
        EDUCATION = "education", _("Education")
        EMPLOYMENT = "employment", _("Employment")
        ENVIRONMENT = "environment", _("Environment")
        GOVERNMENT = "government-law", _("Government and law")
        HEALTH = "health", _("Health")
        HOUSING = "housing", _("Housing")
        IMMIGRATION = "immigration", _("Immigration")
        LAND = "land-property", _("Land and property")
        WELFARE = "social-welfare", _("Social welfare")
        TAXES = "taxes", _("Taxes")
        TOURISM = "tourism", _("Tourism")
        TRANSPORT = "transport", _("Transport")

    class Action(models.TextChoices):
        APPLY = "apply", _("Apply")
        RENEW = "renew", _("Renew")
        REGISTER = "register", _("Register")
        PAY = "pay", _("Pay")
        BOOK = "book", _("Book")
        ENQUIRE = "enquire", _("Enquire")
        REPORT = "report", _("Report")
        DECLARE = "declare", _("Declare")
        APPEAL = "appeal", _("Appeal")

    class Audience(models.TextChoices):
        CITIZEN = "citizen", _("Residents")
        BUSINESS = "business", _("Businesses")
        VISITOR = "visitor", _("Visitors")

    class Assurance(models.TextChoices):
        NONE = "none", _("anyone")
        BASIC = "basic", _("signed in")
        PLUS = "plus", _("signed in, and signed")

    function = models.ForeignKey(ServiceFunction, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)

    summary_en = models.CharField(_("summary in English"), max_length=300, blank=True, default="")
    summary_zh_hant = models.CharField(_("summary in Traditional Chinese"), max_length=300, blank=True, default="")
    summary_zh_hans = models.CharField(_("summary in Simplified Chinese"), max_length=300, blank=True, default="")
    keywords = ArrayField(models.CharField(max_length=100), default=list, blank=True)  # in any language
    category = models.CharField(max_length=30, choices=Category)
    audience = ArrayField(models.CharField(max_length=20, choices=Audience))
    action = models.CharField(max_length=20, choices=Action)
    assurance = models.CharField(max_length=10, choices=Assurance)
    fee_hkd = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)  # null: it depends
    retention_days = models.PositiveIntegerField(null=True, blank=True)  # as the department's, which holds for null
    backend = models.ForeignKey(Backend, on_delete=models.PROTECT, related_name="versions")
    form = DocumentField(default=dict)  # JSON Schema 2020-12 with titles in three languages; services.forms
    request_map = DocumentField(default=dict)  # form -> backend's request; services.gateway.mapping
    answer_map = DocumentField(default=list)  # backend's answer -> citizen's words; the same

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    submitted_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True)
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["function", "-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(retention_days=None) | Q(retention_days__gte=1, retention_days__lte=RETENTION_MAX),
                name="version_retention_bounded",
            ),
            models.UniqueConstraint(fields=["function", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["function"], condition=Q(state__in=["draft", "in_review"]), name="version_one_open_at_most"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("submitted_by")), name="version_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | Q(state="refused") | ~Q(reviewed_by=F("created_by")),
                name="version_not_approved_by_its_author",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_review") | Q(submitted_by__isnull=False), name="version_in_review_has_sender"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.function.code} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and not self.is_open and not kwargs.get("update_fields"):
            raise PermissionDenied("A version that was decided on is never changed; start a new one.")
        super().save(*args, **kwargs)

    @property
    def is_open(self) -> bool:
        """It may still be changed or decided on."""
        return self.state in {self.State.DRAFT, self.State.IN_REVIEW}

    @property
    def summary(self) -> str:
        return languages.text_of(self, "summary")

    @property
    def missing_languages(self) -> list[str]:
        """Codes of the languages in which its name or summary is missing."""
        return [
            code
            for code in languages.CODES
            if not (languages.names_of(self)[code] and languages.names_of(self, "summary")[code])
        ]


class Change(models.Model):
    """Who did what to which row, and when. Written with the act itself; never changed."""

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=50)  # such as "version.approved"
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, related_name="+")
    function = models.ForeignKey(ServiceFunction, on_delete=models.CASCADE, null=True, related_name="changes")
    subject = models.CharField(max_length=120)  # such as "td-vehicle-licence-renew v3"
    details = models.JSONField(default=dict)  # field -> [before, after], or the reason given

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["function", "-at"], name="change_of_function")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise PermissionDenied("The record of changes is never changed.")
        super().save(*args, **kwargs)


class CatalogueLoad(models.Model):
    """A catalogue that was loaded, known by the digest of its files."""

    digest = models.CharField(max_length=64, unique=True)
    loaded_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.digest[:12]

"""A person with a log-in."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """One person; citizens, officers and operations alike. What they may do is decided elsewhere."""

    class Assurance(models.TextChoices):
        NONE = "none", _("nobody has checked who this is")
        BASIC = "basic", _("identity verified")
        PLUS = "plus", _("identity verified, and signed")

    class Kind(models.TextChoices):
        RESIDENT = "resident", _("resident")
        VISITOR = "visitor", _("visitor")
        BUSINESS = "business", _("for a company")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    news_count = 0  # looks and answers not seen yet, as AccountBackend read it with the person of a session

    assurance = models.CharField(max_length=10, choices=Assurance, default=Assurance.NONE)  # how far it was verified
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RESIDENT)
    ends_on = models.DateField(null=True, blank=True)  # the last day of a visitor's account
    language = models.CharField(max_length=10, blank=True, default="")  # of mails; as they last signed in

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="visitor", ends_on__isnull=False) | ~Q(kind="visitor") & Q(ends_on=None),
                name="user_ends_if_and_only_if_a_visitor",
            ),
        ]
        indexes = [  # names at sign-in are compared without case
            models.Index(Upper("username"), name="user_by_username"),
            models.Index(Upper("email"), name="user_by_email"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class SignIn(models.Model):
    """One time that somebody signed in, proved more, or failed to: written once, kept for a year, never changed."""

    class Outcome(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        PROVED = "proved", _("proved again who you are")
        FAILED = "failed", _("did not succeed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")  # nobody: an unknown name
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=10, choices=Outcome)
    amr = ArrayField(models.CharField(max_length=20), default=list)  # references of RFC 8176
    user_agent = models.CharField(max_length=300, blank=True, default="")
    network = models.CharField(max_length=50, blank=True, default="")  # the first half of the address, roughly
    is_new_device = models.BooleanField(default=False)
    session = models.ForeignKey(  # which ends, and then its row goes; this one stays
        "usersessions.UserSession", on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["person", "-at"], name="sign_in_of_a_person"),
            models.Index(fields=["at"], name="sign_in_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) | Q(outcome="failed"), name="sign_in_of_nobody_has_failed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.at:%Y-%m-%d %H:%M}"


class DeviceNotice(models.Model):
    """That somebody signed in from a device that the person had not used before, and what the person says of it."""

    class Answer(models.TextChoices):
        OPEN = "", _("not answered yet")
        MINE = "mine", _("it was me")
        NOT_MINE = "not_mine", _("it was not me")

    sign_in = models.OneToOneField(SignIn, on_delete=models.CASCADE, primary_key=True, related_name="notice")
    answer = models.CharField(max_length=10, choices=Answer, blank=True, default=Answer.OPEN)
    answered_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["mailed_at"], condition=Q(mailed_at=None), name="device_notice_to_mail")]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None) | ~Q(answer="") & Q(answered_at__isnull=False),
                name="device_notice_answered_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return self.get_answer_display()


class GuessCounter(models.Model):
    """How often somebody guessed wrong under one key, and until when no further guess is taken: see attempts.py."""

    key = models.CharField(max_length=64, primary_key=True)  # a keyed digest: names neither a person nor a network
    failures = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_at"], name="guess_counter_age")]

    def __str__(self) -> str:
        return f"{self.failures} until {self.until:%H:%M:%S}"


class SignInTicket(models.Model):
    """One try to sign a browser in by a telephone that is signed in already: see tickets.py."""

    class Answer(models.TextChoices):
        NONE = "", _("not answered yet")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_digest = models.CharField(max_length=64, unique=True)  # of what the picture holds
    browser_digest = models.CharField(max_length=64, unique=True)  # of what the asking browser's session holds
    number = models.PositiveSmallIntegerField()  # shown by the asking browser
    numbers = ArrayField(models.PositiveSmallIntegerField(), size=3)  # offered by the telephone
    user_agent = models.CharField(max_length=300)
    network = models.CharField(max_length=64)  # a keyed digest
    next = models.CharField(max_length=2000, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=10, choices=Answer, blank=True, default=Answer.NONE)
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")  # who answered
    amr = ArrayField(models.CharField(max_length=10), default=list)  # of the telephone's session
    redeemed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="ticket_expires_after_creation"),
            models.CheckConstraint(
                condition=Q(redeemed_at=None) | Q(answer="approved"), name="ticket_redeemed_only_if_approved"
            ),
            models.CheckConstraint(
                condition=Q(answer="") | Q(person__isnull=False), name="ticket_answered_only_by_a_person"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="ticket_age")]

    def __str__(self) -> str:
        return f"{self.number}, {self.answer or 'open'}"


class Recovery(models.Model):
    """A way back in for somebody who lost their telephone or codes: see recovery.py."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("by email, after a wait")
        COUNTER = "counter", _("a slip from a counter")

    class Document(models.TextChoices):
        HKID = "hkid", _("Hong Kong identity card")
        PASSPORT = "passport", _("passport")
        REENTRY_PERMIT = "reentry", _("re-entry permit")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    secret_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    issued_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    document = models.CharField(max_length=10, choices=Document, blank=True, default="")
    reference = models.CharField(max_length=60, blank=True, default="")  # where the office filed the copy it took

    class Meta:
        permissions = [("issue_recovery_slip", "Can issue a recovery slip after checking a document")]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="recovery_ends_after_it_begins"),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(cancelled_at=None), name="recovery_used_or_cancelled_never_both"
            ),
            models.CheckConstraint(
                condition=Q(kind="email") | (Q(issued_by__isnull=False) & ~Q(document="") & ~Q(reference="")),
                name="recovery_slip_says_who_checked_what",
            ),
            models.UniqueConstraint(
                fields=["person", "kind"],
                condition=Q(used_at=None, cancelled_at=None),
                name="recovery_one_open_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

"""Signed checkpoints over the chains, questions about lines, rules of hiding, and consents."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import identity.encryption

PROTECT = """
CREATE FUNCTION consent_seal_is_final() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'a checkpoint of the disclosure log is never changed' USING ERRCODE = 'restrict_violation';
END
$body$;
CREATE TRIGGER consent_checkpoint_is_final BEFORE UPDATE OR DELETE ON consent_checkpoint
    FOR EACH ROW EXECUTE FUNCTION consent_seal_is_final();
CREATE TRIGGER consent_seal_is_final BEFORE UPDATE OR DELETE ON consent_seal
    FOR EACH ROW EXECUTE FUNCTION consent_seal_is_final();
"""

RELEASE = """
DROP TRIGGER consent_checkpoint_is_final ON consent_checkpoint;
DROP TRIGGER consent_seal_is_final ON consent_seal;
DROP FUNCTION consent_seal_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0005_final_chains"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("root", models.CharField(max_length=64)),
                ("previous", models.CharField(max_length=64)),
                ("chains", models.PositiveBigIntegerField()),
                ("entries", models.PositiveBigIntegerField()),
                ("bucket_roots", models.BinaryField()),
                ("protected", models.TextField()),
                ("payload", models.TextField()),
                ("signature", models.TextField()),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("recipient", models.CharField(max_length=30)),
                ("recipient_names", models.JSONField(default=dict)),
                ("purpose", models.CharField(max_length=80)),
                ("purpose_names", models.JSONField(default=dict)),
                ("wording", models.JSONField(default=dict)),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None),
                ),
                ("given_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("until", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[("", "in force"), ("withdrawn", "withdrawn"), ("replaced", "replaced by a newer one")],
                        default="",
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HidingRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("recipient", models.CharField(max_length=30)),
                ("purpose", models.CharField(max_length=80)),
                ("days", models.PositiveSmallIntegerField()),
                ("latest_on", models.DateField()),
                ("reason", models.CharField(max_length=300)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("recipient", models.CharField(max_length=30)),
                ("text", identity.encryption.EncryptedJSONField()),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField()),
                ("answer", identity.encryption.EncryptedJSONField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chain", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                ("sequence", models.PositiveIntegerField()),
                ("head", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name="consent",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="consents", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="hidingrule",
            name="set_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="answered_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="disclosure",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="consent.disclosure"
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="seal",
            name="checkpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="seals",
                to="consent.checkpoint",
            ),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["person", "-given_at"], name="consent_of_person"),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("person", "recipient", "purpose"),
                name="consent_one_open_per_purpose",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gt", models.F("given_at")), _connector="OR"),
                name="consent_runs_out_after_it_was_given",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at", None), ("ended_by", "")),
                    models.Q(("ended_at__isnull", False), models.Q(("ended_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="consent_ended_in_some_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="hidingrule",
            constraint=models.UniqueConstraint(fields=("recipient", "purpose"), name="hiding_rule_one_per_function"),
        ),
        migrations.AddConstraint(
            model_name="hidingrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="hiding_rule_has_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="hidingrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("days__gte", 1), ("days__lte", 365)), name="hiding_rule_at_most_a_year"
            ),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["recipient", "due_at"], name="question_of_recipient"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(fields=("disclosure", "person"), name="question_once_about_a_line"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answer__isnull", True), ("answered_at", None), ("answered_by", None)),
                    models.Q(("answer__isnull", False), ("answered_at__isnull", False), ("answered_by__isnull", False)),
                    _connector="OR",
                ),
                name="question_answered_by_someone",
            ),
        ),
        migrations.AddIndex(
            model_name="seal",
            index=models.Index(fields=["bucket", "chain", "-checkpoint"], name="seal_of_bucket"),
        ),
        migrations.AddConstraint(
            model_name="seal",
            constraint=models.UniqueConstraint(fields=("chain", "checkpoint"), name="seal_once_per_checkpoint"),
        ),
        migrations.RunSQL(PROTECT, RELEASE),
    ]

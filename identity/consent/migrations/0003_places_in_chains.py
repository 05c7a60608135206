"""Room for the chains; lines written before get their places in the next migration, and meanwhile may be changed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

RELEASE = "DROP TRIGGER consent_disclosure_is_final ON consent_disclosure;"
PROTECT = """
CREATE TRIGGER consent_disclosure_is_final BEFORE UPDATE OR DELETE ON consent_disclosure
    FOR EACH ROW EXECUTE FUNCTION consent_disclosure_is_final();
"""

# The same as identity.consent.ledger.link, so that a line takes one statement. Both arguments are hexadecimal.
LINK = """
CREATE FUNCTION consent_link(digest text, previous text, sequence integer) RETURNS text LANGUAGE sql
IMMUTABLE PARALLEL SAFE AS $body$
    SELECT encode(sha256(convert_to(
        '{"facts":"' || digest || '","previous":"' || previous || '","sequence":' || sequence || '}', 'UTF8'
    )), 'hex')
$body$;
"""


def _person() -> models.Field:
    return models.ForeignKey(
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("consent", "0002_final_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(RELEASE, PROTECT),
        migrations.RunSQL(LINK, "DROP FUNCTION consent_link(text, text, integer)"),
        migrations.CreateModel(
            name="Chain",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("bucket", models.PositiveSmallIntegerField()),
                ("sequence", models.PositiveIntegerField()),
                ("previous", models.CharField(max_length=64)),
                ("head", models.CharField(max_length=64)),
            ],
        ),
        migrations.RenameField("disclosure", "receipt", "reference"),
        migrations.AlterField("disclosure", "reference", models.CharField(default="", max_length=100)),
        migrations.AlterField("disclosure", "person", _person()),
        migrations.AddField("disclosure", "for_person", _person()),
        migrations.AddField("disclosure", "actor", _person()),
        migrations.AddField(
            "disclosure",
            "kind",
            models.CharField(
                choices=[
                    ("call", "Sent with a form"),
                    ("userinfo", "Asked for by a department's site"),
                    ("token", "Signed in to a department's site"),
                    ("officer", "Looked at by staff"),
                    ("export", "Taken out in a file"),
                ],
                default="call",
                max_length=10,
            ),
        ),
        migrations.AddField("disclosure", "purpose", models.CharField(default="", max_length=80)),
        migrations.AddField("disclosure", "ground", models.CharField(default="", max_length=300)),
        migrations.AddField("disclosure", "visible_from", models.DateTimeField(null=True)),
        migrations.AddField("disclosure", "chain", models.UUIDField(null=True)),
        migrations.AddField("disclosure", "sequence", models.PositiveIntegerField(null=True)),
        migrations.AddField("disclosure", "salt", models.CharField(default="", max_length=32)),
        migrations.AddField("disclosure", "digest", models.CharField(default="", max_length=64)),
        migrations.AddField("disclosure", "previous", models.CharField(default="", max_length=64)),
        migrations.AddField("disclosure", "hash", models.CharField(default="", max_length=64)),
    ]

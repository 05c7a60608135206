"""Every line has its place, and from here on neither lines nor the ends of chains can be set back."""

from django.db import migrations, models

PROTECT = """
CREATE TRIGGER consent_disclosure_is_final BEFORE UPDATE OR DELETE ON consent_disclosure
    FOR EACH ROW EXECUTE FUNCTION consent_disclosure_is_final();
CREATE FUNCTION consent_chain_only_grows() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.id <> OLD.id OR NEW.bucket <> OLD.bucket OR NEW.sequence <> OLD.sequence + 1
            OR NEW.previous <> OLD.head THEN
        RAISE EXCEPTION 'a chain of disclosures only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$body$;
CREATE TRIGGER consent_chain_only_grows BEFORE UPDATE OR DELETE ON consent_chain
    FOR EACH ROW EXECUTE FUNCTION consent_chain_only_grows();
"""

RELEASE = """
DROP TRIGGER consent_disclosure_is_final ON consent_disclosure;
DROP TRIGGER consent_chain_only_grows ON consent_chain;
DROP FUNCTION consent_chain_only_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0004_chain_earlier_lines")]

    operations = [
        migrations.AlterField(
            model_name="disclosure",
            name="chain",
            field=models.UUIDField(),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="digest",
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="hash",
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="previous",
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="salt",
            field=models.CharField(max_length=32),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="sequence",
            field=models.PositiveIntegerField(),
        ),
        migrations.AlterField(
            model_name="disclosure",
            name="visible_from",
            field=models.DateTimeField(),
        ),
        migrations.AddIndex(
            model_name="disclosure",
            index=models.Index(
                condition=models.Q(("for_person__isnull", False)),
                fields=["for_person", "-at"],
                name="disclosure_for_person",
            ),
        ),
        migrations.AddIndex(
            model_name="disclosure",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)), fields=["actor", "-at"], name="disclosure_of_actor"
            ),
        ),
        migrations.AddConstraint(
            model_name="disclosure",
            constraint=models.UniqueConstraint(fields=("chain", "sequence"), name="disclosure_once_in_its_place"),
        ),
        migrations.AddConstraint(
            model_name="disclosure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "officer"), _negated=True), ("actor__isnull", False), _connector="OR"
                ),
                name="disclosure_names_who_looked",
            ),
        ),
        migrations.RunSQL(PROTECT, RELEASE),
    ]

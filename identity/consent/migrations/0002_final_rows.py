"""The database itself keeps the disclosure log as it was written; TRUNCATE stays possible for test databases."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION consent_disclosure_is_final() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'a disclosure is never changed' USING ERRCODE = 'restrict_violation';
END
$body$;
CREATE TRIGGER consent_disclosure_is_final BEFORE UPDATE OR DELETE ON consent_disclosure
    FOR EACH ROW EXECUTE FUNCTION consent_disclosure_is_final();
"""

RELEASE = """
DROP TRIGGER consent_disclosure_is_final ON consent_disclosure;
DROP FUNCTION consent_disclosure_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial")]

    operations = [migrations.RunSQL(PROTECT, RELEASE)]

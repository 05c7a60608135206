"""The database itself keeps the journal as it was written; TRUNCATE stays possible for test databases."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION mandates_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'a line of the journal is never changed' USING ERRCODE = 'restrict_violation';
END
$body$;
CREATE TRIGGER mandates_entry_is_final BEFORE UPDATE OR DELETE ON mandates_entry
    FOR EACH ROW EXECUTE FUNCTION mandates_entry_is_final();
"""

RELEASE = """
DROP TRIGGER mandates_entry_is_final ON mandates_entry;
DROP FUNCTION mandates_entry_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("mandates", "0001_mandates")]

    operations = [migrations.RunSQL(PROTECT, RELEASE)]

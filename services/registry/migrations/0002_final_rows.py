"""The database itself keeps approved versions and the record of changes as they were written.

TRUNCATE stays possible: it empties a test database, and only the tables' owner may do it.
"""

from django.db import migrations

CONTENT = (
    "function_id", "number", "state", "name_en", "name_zh_hant", "name_zh_hans", "summary_en", "summary_zh_hant",
    "summary_zh_hans", "keywords", "category", "audience", "action", "assurance", "fee_hkd", "backend_id", "form",
    "request_map", "answer_map", "created_by_id", "created_at", "submitted_by_id", "submitted_at", "reviewed_by_id",
    "reviewed_at",
)  # fmt: skip


DOCUMENTS = {"form", "request_map", "answer_map"}  # of type json, which has no equality of its own


def _row(alias: str) -> str:
    columns = (f"{alias}.{column}{'::text' if column in DOCUMENTS else ''}" for column in CONTENT)
    return "(" + ", ".join(columns) + ")"


PROTECT = f"""
CREATE FUNCTION registry_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' OR {_row("OLD")} IS DISTINCT FROM {_row("NEW")} THEN
        RAISE EXCEPTION 'version % of function % was approved and is never changed', OLD.number, OLD.function_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$body$;
CREATE TRIGGER registry_version_is_final BEFORE UPDATE OR DELETE ON registry_functionversion
    FOR EACH ROW WHEN (OLD.state = 'approved') EXECUTE FUNCTION registry_version_is_final();

CREATE FUNCTION registry_change_is_final() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the record of changes is never changed' USING ERRCODE = 'restrict_violation';
END
$body$;
CREATE TRIGGER registry_change_is_final BEFORE UPDATE OR DELETE ON registry_change
    FOR EACH ROW EXECUTE FUNCTION registry_change_is_final();
"""

RELEASE = """
DROP TRIGGER registry_change_is_final ON registry_change;
DROP FUNCTION registry_change_is_final();
DROP TRIGGER registry_version_is_final ON registry_functionversion;
DROP FUNCTION registry_version_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [migrations.RunSQL(PROTECT, RELEASE)]

-- Data keys, each wrapped under a key that this database does not hold. Destroying one removes the wrapped key for good and
-- leaves its id, so that nobody can make it again under the same name.

CREATE TABLE keys (
    id           text COLLATE "C" PRIMARY KEY,
    wrapped      bytea,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

CREATE FUNCTION refuse_all_but_destroying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'The id of a key stays for ever: % of % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
    END IF;
    IF NEW.id <> OLD.id OR NEW.made_at <> OLD.made_at OR OLD.wrapped IS NULL OR NEW.wrapped IS NOT NULL THEN
        RAISE EXCEPTION 'A key is made once and destroyed once: it is never changed.' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER made_once BEFORE UPDATE ON keys FOR EACH ROW EXECUTE FUNCTION refuse_all_but_destroying();
CREATE TRIGGER kept_for_ever BEFORE DELETE OR TRUNCATE ON keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_all_but_destroying();
ALTER TABLE keys ENABLE ALWAYS TRIGGER made_once, ENABLE ALWAYS TRIGGER kept_for_ever;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO casetrail_keys;
GRANT SELECT, INSERT ON keys TO casetrail_keys;
GRANT UPDATE (wrapped, destroyed_at) ON keys TO casetrail_keys;
GRANT SELECT ON schema_migrations TO casetrail_keys;

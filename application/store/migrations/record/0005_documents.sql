-- Documents attached to a case, found by the digest of their bytes. The bytes are kept in chunks, each sealed under the key of its
-- document, which lies with the other keys: destroying it destroys the document, and this row still says what it was.

CREATE TABLE documents (
    stream     text COLLATE "C" NOT NULL,
    digest     text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    upload     uuid NOT NULL UNIQUE,
    size       bigint NOT NULL CHECK (size > 0),
    chunks     int NOT NULL CHECK (chunks > 0),
    media_type text NOT NULL,
    key        text COLLATE "C" NOT NULL,
    person     text COLLATE "C" NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, digest)
);

-- Chunks arrive before their document is known by its digest; those whose document never came are swept away.
CREATE TABLE document_chunks (
    upload uuid NOT NULL,
    number int NOT NULL CHECK (number >= 0),
    bytes  bytea NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (upload, number)
);
ALTER TABLE document_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE FUNCTION refuse_losing_a_document() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.documents d WHERE d.upload = OLD.upload) THEN
        RAISE EXCEPTION 'What is recorded is only ever added to: DELETE of a document is refused.' USING ERRCODE = '42501';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER only_ever_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE OR TRUNCATE ON document_chunks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER kept_with_its_document BEFORE DELETE ON document_chunks FOR EACH ROW EXECUTE FUNCTION refuse_losing_a_document();
ALTER TABLE documents ENABLE ALWAYS TRIGGER only_ever_added_to;
ALTER TABLE document_chunks ENABLE ALWAYS TRIGGER never_changed, ENABLE ALWAYS TRIGGER kept_with_its_document;

REVOKE ALL ON FUNCTION refuse_losing_a_document FROM PUBLIC;
GRANT SELECT, INSERT ON documents TO casetrail_service;
GRANT SELECT, INSERT, DELETE ON document_chunks TO casetrail_service;
GRANT SELECT ON documents TO casetrail_auditor;

-- Deeds that destroy keys, to be found at every start without reading the whole record: what was recorded is carried out.
CREATE INDEX events_that_destroy ON events (notification_id) WHERE topic IN ('personal-data-erased', 'text-redacted', 'record-disposed');

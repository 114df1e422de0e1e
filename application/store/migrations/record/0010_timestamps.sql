-- Time-stamps (RFC 3161) over the text of checkpoints, where an authority is named: what it answered, as it was sent.

CREATE TABLE ledger_timestamps (
    log      text COLLATE "C" NOT NULL,
    size     bigint NOT NULL,
    response bytea NOT NULL,
    at       timestamptz NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size),
    FOREIGN KEY (log, size) REFERENCES ledger_checkpoints
);
CREATE TRIGGER only_ever_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_timestamps FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ledger_timestamps ENABLE ALWAYS TRIGGER only_ever_added_to;

-- When the authority was asked last, and since when it has not answered as it should. Says nothing of what is recorded.
CREATE TABLE ledger_authority (
    alone         boolean PRIMARY KEY DEFAULT true CHECK (alone),
    asked_at      timestamptz NOT NULL,
    failing_since timestamptz,
    why           text
);

REVOKE ALL ON ledger_timestamps, ledger_authority FROM PUBLIC;
GRANT SELECT ON ledger_timestamps, ledger_authority TO casetrail_service, casetrail_projections, casetrail_auditor;
GRANT INSERT ON ledger_timestamps, ledger_authority TO casetrail_projections;
GRANT UPDATE ON ledger_authority TO casetrail_projections;

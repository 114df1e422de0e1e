-- The ledger over what is recorded and who looked (docs/ledger.md): everything here is only ever added to, and all but the salts and
-- the signatures can be made again from the events and looks.

-- What stands for a stream where its name must not be told.
CREATE TABLE ledger_streams (
    stream  text COLLATE "C" PRIMARY KEY,
    salt    bytea NOT NULL CHECK (length(salt) = 32),
    blinded bytea NOT NULL UNIQUE CHECK (length(blinded) = 32)
);

-- Whole tiles of 256 hashes. first and last: of level 0, the numbers (positions, or those of looks) of its first and last entry.
CREATE TABLE ledger_tiles (
    log    text COLLATE "C" NOT NULL CHECK (log IN ('record', 'access')),
    level  smallint NOT NULL CHECK (level >= 0),
    n      bigint NOT NULL CHECK (n >= 0),
    hashes bytea NOT NULL CHECK (length(hashes) = 8192),
    root   bytea NOT NULL CHECK (length(root) = 32),
    first  bigint,
    last   bigint,
    PRIMARY KEY (log, level, n)
);
ALTER TABLE ledger_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX ledger_tiles_by_number ON ledger_tiles (log, last) WHERE level = 0;

-- The events below each whole tile of level 0 of the record, as stored, one after the other in order of position:
-- length(header) as four bytes, header, length(body), body, hash. What reads the whole record reads these, and the rows behind the last.
CREATE TABLE ledger_segments (
    n         bigint PRIMARY KEY CHECK (n >= 0),
    positions bigint[] NOT NULL CHECK (cardinality(positions) = 256),
    events    bytea NOT NULL
);
ALTER TABLE ledger_segments ALTER COLUMN events SET STORAGE EXTERNAL;

-- The public key of each log, from its first checkpoint on.
CREATE TABLE ledger_logs (
    log text COLLATE "C" PRIMARY KEY CHECK (log IN ('record', 'access')),
    key text NOT NULL
);

-- What was published. number: that of the last entry covered.
CREATE TABLE ledger_checkpoints (
    log       text COLLATE "C" NOT NULL REFERENCES ledger_logs,
    size      bigint NOT NULL CHECK (size > 0),
    number    bigint NOT NULL,
    body      text NOT NULL,
    signature text NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size)
);

CREATE TABLE ledger_cosignatures (
    log     text COLLATE "C" NOT NULL,
    size    bigint NOT NULL,
    witness text NOT NULL,
    line    text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size, witness),
    FOREIGN KEY (log, size) REFERENCES ledger_checkpoints
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_streams', 'ledger_tiles', 'ledger_segments', 'ledger_logs', 'ledger_checkpoints', 'ledger_cosignatures'] LOOP
        EXECUTE format('CREATE TRIGGER only_ever_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER only_ever_added_to', t);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', t);
        EXECUTE format('GRANT SELECT ON %I TO casetrail_service, casetrail_projections, casetrail_auditor', t);
    END LOOP;
END
$$;

-- The worker integrates and publishes; the service takes in what witnesses bring.
GRANT INSERT ON ledger_streams, ledger_tiles, ledger_segments, ledger_logs, ledger_checkpoints TO casetrail_projections;
GRANT INSERT ON ledger_cosignatures TO casetrail_service;

-- Whoever checks the whole store as its auditor compares with these too.
GRANT SELECT ON labels TO casetrail_auditor;

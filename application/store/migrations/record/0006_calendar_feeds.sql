-- Calendars that people subscribe to: whose, and the SHA-256 of the token in their address. The token itself is shown once and never kept.

CREATE TABLE calendar_feeds (
    id           uuid PRIMARY KEY,
    token        bytea NOT NULL UNIQUE CHECK (octet_length(token) = 32),
    kind         text NOT NULL CHECK (kind IN ('person', 'partnership')),
    person       text COLLATE "C" NOT NULL,
    role         text COLLATE "C" NOT NULL,
    organisation text,
    partnership  text COLLATE "C" NOT NULL,
    made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    withdrawn_at timestamptz
);
CREATE INDEX calendar_feeds_of_a_person ON calendar_feeds (person, made_at);

REVOKE ALL ON calendar_feeds FROM PUBLIC;
GRANT SELECT, INSERT ON calendar_feeds TO casetrail_service;
GRANT UPDATE (withdrawn_at) ON calendar_feeds TO casetrail_service;
GRANT SELECT ON calendar_feeds TO casetrail_auditor;

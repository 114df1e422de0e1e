-- Least privilege. What a role is not given here it does not have.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO casetrail_service, casetrail_projections, casetrail_auditor;
REVOKE ALL ON FUNCTION append_events, settled, refuse_change, refuse_late_mark FROM PUBLIC;

-- The service adds to the record only through the function, which takes the lock, keeps the clock and makes the chain.
GRANT EXECUTE ON FUNCTION append_events TO casetrail_service;
GRANT EXECUTE ON FUNCTION settled TO casetrail_service, casetrail_projections, casetrail_auditor;
GRANT SELECT ON events, labels, commands, store_marks, schema_migrations TO casetrail_service;
GRANT SELECT, INSERT ON persons, posts TO casetrail_service;
GRANT UPDATE (until_day) ON posts TO casetrail_service;
GRANT UPDATE (name) ON persons TO casetrail_service;
GRANT USAGE ON SEQUENCE posts_id_seq TO casetrail_service;
GRANT SELECT, INSERT, DELETE ON aliases TO casetrail_service;

-- Projections read the record and own what can be made again from it, in a schema of its own.
CREATE SCHEMA projections;
GRANT USAGE, CREATE ON SCHEMA projections TO casetrail_projections;
GRANT USAGE ON SCHEMA projections TO casetrail_service;
GRANT SELECT ON events, store_marks, schema_migrations TO casetrail_projections;

-- An auditor reads what the proofs are about, sealed as it is, and never a key.
GRANT SELECT ON events, commands, store_marks, schema_migrations TO casetrail_auditor;

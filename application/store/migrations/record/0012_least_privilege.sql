-- Least privilege, once more, now that it is known who needs what. The ledger is added to by a role of its own: whatever goes wrong in a
-- read model cannot touch what is published, and whoever serves holds neither. The auditor reads the record, and nothing that lets in.

GRANT USAGE ON SCHEMA public TO casetrail_ledger;
GRANT SELECT ON events, looks, store_marks, schema_migrations TO casetrail_ledger;
GRANT SELECT, INSERT ON ledger_streams, ledger_tiles, ledger_segments, ledger_logs, ledger_checkpoints, ledger_timestamps TO casetrail_ledger;
GRANT SELECT, INSERT, UPDATE ON ledger_authority TO casetrail_ledger;
GRANT EXECUTE ON FUNCTION settled_looks TO casetrail_ledger;

-- What projections no longer do, and what they never asked for.
REVOKE ALL ON looks, look_streams, ledger_streams, ledger_tiles, ledger_segments, ledger_logs, ledger_checkpoints, ledger_cosignatures,
    ledger_timestamps, ledger_authority FROM casetrail_projections;
REVOKE EXECUTE ON FUNCTION settled_looks FROM casetrail_projections;

-- No calendar, no reminder, and no lock for whoever only reads; but how far the read models have come, which fsck compares.
REVOKE ALL ON calendar_feeds, digest_days, digests FROM casetrail_auditor;
REVOKE EXECUTE ON FUNCTION settled FROM casetrail_auditor;
GRANT USAGE ON SCHEMA projections TO casetrail_auditor;

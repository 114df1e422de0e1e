-- Who looked: one record a look (docs/ledger.md, 2), only ever added to, and what it showed of each stream.

CREATE TABLE looks (
    number  bigserial PRIMARY KEY,
    id      uuid NOT NULL UNIQUE,
    record  bytea NOT NULL,
    hash    bytea NOT NULL CHECK (length(hash) = 32),
    at      timestamptz NOT NULL,
    person  text COLLATE "C" NOT NULL,
    view    text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL CHECK (outcome IN ('shown', 'refused'))
);
ALTER TABLE looks ALTER COLUMN record SET STORAGE EXTERNAL;

-- place: the last it was shown up to; documents: those opened. Of a look that was refused: the stream that was asked about, no more.
CREATE TABLE look_streams (
    stream    text COLLATE "C" NOT NULL,
    number    bigint NOT NULL,
    person    text COLLATE "C" NOT NULL,
    at        timestamptz NOT NULL,
    outcome   text COLLATE "C" NOT NULL,
    place     bigint,
    documents text[],
    PRIMARY KEY (stream, number)
);
CREATE INDEX look_streams_by_person ON look_streams (stream, person, number);
CREATE INDEX look_streams_by_instant ON look_streams (stream, at, number);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['looks', 'look_streams'] LOOP
        EXECUTE format('CREATE TRIGGER only_ever_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER only_ever_added_to', t);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', t);
        EXECUTE format('GRANT SELECT ON %I TO casetrail_service, casetrail_projections, casetrail_auditor', t);
    END LOOP;
END
$$;

-- Notes a batch of looks. A look that was noted before, by its id, changes nothing: a batch may be asked again.
--
-- The lock is shared by everybody who notes, and held until the batch is committed: whoever takes it alone (settled_looks) knows that no
-- number up to the last is still to come. It orders nothing else, and the log of events knows nothing of it.
--
-- Per look: ids, records (up to and including ,"at":"), chosen (an instant, in a rehearsal only, or null), persons, views, outcomes.
-- Per stream of a look: of_look (index into the looks), streams, places (or null), documents (digests with commas between, or null).
CREATE FUNCTION note_looks(
    ids uuid[], records bytea[], chosen timestamptz[], persons text[], views text[], outcomes text[],
    of_look int[], streams text[], places bigint[], documents text[]
) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    now timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7161132759046187375);
    IF chosen IS NOT NULL AND NOT EXISTS (SELECT FROM store_marks m WHERE m.mark = 'rehearsal') THEN
        RAISE EXCEPTION 'The instant of a look is chosen in a rehearsal only.' USING ERRCODE = '42501';
    END IF;
    now := clock_timestamp();
    WITH given AS (
        SELECT l.n, l.id, l.person, l.view, l.outcome, coalesce(l.chosen, now) AS at,
               l.record || convert_to(to_char(coalesce(l.chosen, now) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}', 'UTF8') AS record
          FROM unnest(ids, records, chosen, persons, views, outcomes) WITH ORDINALITY l (id, record, chosen, person, view, outcome, n)
    ), added AS (
        INSERT INTO looks (id, record, hash, at, person, view, outcome)
        SELECT g.id, g.record, sha256('\x03'::bytea || g.record), g.at, g.person, g.view, g.outcome FROM given g ORDER BY g.n
        ON CONFLICT (id) DO NOTHING
        RETURNING number, id, at, person, outcome
    )
    INSERT INTO look_streams (stream, number, person, at, outcome, place, documents)
    SELECT s.stream, a.number, a.person, a.at, a.outcome, s.place, string_to_array(s.documents, ',')
      FROM unnest(of_look, streams, places, documents) s (look, stream, place, documents)
      JOIN added a ON a.id = ids[s.look]
    ON CONFLICT DO NOTHING;
END
$$;

-- The last number that is settled: every look of that number or a lower one that will ever be there is visible now. The lock is taken
-- alone, so whoever was noting has ended; and let go at once with the block that took it, or all looking would wait for its caller.
CREATE FUNCTION settled_looks(OUT number bigint) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7161132759046187375);
    SELECT coalesce(max(l.number), 0) INTO settled_looks.number FROM looks l;
    RAISE EXCEPTION 'the lock is let go' USING ERRCODE = 'CT001';
EXCEPTION WHEN SQLSTATE 'CT001' THEN
    RETURN;
END
$$;

REVOKE ALL ON FUNCTION note_looks, settled_looks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_looks TO casetrail_service;
GRANT EXECUTE ON FUNCTION settled_looks TO casetrail_projections;

-- "Do we know this child?": blind indexes of name and birth date, beside the keys that the words themselves lie under, so that they go
-- with these in one transaction. Nothing here can be read back: an entry is an HMAC under a key that lies here wrapped.

-- By which key entries are made, in which form, and whether every child of the record has one. There is one row.
CREATE TABLE child_index (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    search_key text COLLATE "C" NOT NULL,
    form       int NOT NULL,
    whole_at   timestamptz
);

-- A name and birth date on a stream. person: the key that both lie under. waiting_since: when its event was announced; null once it was
-- seen in the record. One whose event never came is swept.
CREATE TABLE children (
    entry         bytea NOT NULL CHECK (length(entry) = 32),
    stream        text COLLATE "C" NOT NULL,
    person        text COLLATE "C" NOT NULL,
    waiting_since timestamptz,
    PRIMARY KEY (entry, stream, person)
);
CREATE INDEX children_by_stream ON children (stream);
CREATE INDEX children_by_person ON children (person);
CREATE INDEX children_waiting ON children (waiting_since) WHERE waiting_since IS NOT NULL;

-- Who searched in the last minutes, so that nobody tries out names.
CREATE TABLE child_searches (
    person text COLLATE "C" NOT NULL,
    at     timestamptz NOT NULL
);
CREATE INDEX child_searches_by_person ON child_searches (person, at);

CREATE FUNCTION children_go_with_their_keys() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM children c WHERE c.person = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER children_go_too AFTER UPDATE ON keys FOR EACH ROW WHEN (NEW.wrapped IS NULL) EXECUTE FUNCTION children_go_with_their_keys();
ALTER TABLE keys ENABLE ALWAYS TRIGGER children_go_too;

-- Adds entries; the instant of it, or null where another key or form is in use by now. Keys are held against being destroyed meanwhile,
-- and under one that is destroyed already nothing is kept.
CREATE FUNCTION enter_children(entries bytea[], streams text[], persons text[], by_key text, in_form int, announced boolean)
RETURNS timestamptz LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    now timestamptz;
BEGIN
    PERFORM FROM child_index i WHERE i.search_key = by_key AND i.form = in_form FOR SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM keys k WHERE k.id = ANY (persons) ORDER BY k.id FOR SHARE;
    now := clock_timestamp();
    INSERT INTO children AS c (entry, stream, person, waiting_since)
    SELECT e.entry, e.stream, e.person, CASE WHEN announced THEN now END
      FROM unnest(entries, streams, persons) e (entry, stream, person)
     WHERE EXISTS (SELECT FROM keys k WHERE k.id = e.person AND k.wrapped IS NOT NULL)
    ON CONFLICT (entry, stream, person) DO UPDATE SET waiting_since = now WHERE announced;
    RETURN now;
END
$$;

-- These streams were read: what was found in them stands, and what was not goes, unless it was announced since. How many went.
CREATE FUNCTION settle_children(read_streams text[], entries bytea[], streams text[], persons text[], announced_until timestamptz)
RETURNS int LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone int;
BEGIN
    UPDATE children c SET waiting_since = NULL
      FROM unnest(entries, streams, persons) s (entry, stream, person)
     WHERE (c.entry, c.stream, c.person) = (s.entry, s.stream, s.person) AND c.waiting_since <= announced_until;
    DELETE FROM children c
     WHERE c.stream = ANY (read_streams) AND (c.waiting_since IS NULL OR c.waiting_since <= announced_until)
       AND NOT EXISTS (
           SELECT FROM unnest(entries, streams, persons) s (entry, stream, person)
            WHERE (c.entry, c.stream, c.person) = (s.entry, s.stream, s.person)
       );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;

-- From now on entries are made by this key in this form; those made otherwise go. Where that is so already nothing changes.
CREATE FUNCTION begin_child_index(by_key text, in_form int) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO child_index AS i (search_key, form) VALUES (by_key, in_form)
    ON CONFLICT (one) DO UPDATE SET search_key = by_key, form = in_form, whole_at = NULL
     WHERE (i.search_key, i.form) <> (by_key, in_form);
    IF FOUND THEN
        DELETE FROM children;
    END IF;
END
$$;

-- Counts a search: 0, or the seconds after which this person may search again.
CREATE FUNCTION count_child_search(who text, most int, seconds double precision) RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    now timestamptz;
    made int;
    first timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(who, 7161132759046187376));
    now := clock_timestamp();
    DELETE FROM child_searches s WHERE s.ctid = ANY (ARRAY(  -- of nobody longer than is needed
        SELECT o.ctid FROM child_searches o WHERE o.at <= now - make_interval(secs => seconds) FOR UPDATE SKIP LOCKED
    ));
    SELECT count(*), min(s.at) INTO made, first FROM child_searches s WHERE s.person = who;
    IF made >= most THEN
        RETURN greatest(1, extract(epoch FROM first + make_interval(secs => seconds) - now));
    END IF;
    INSERT INTO child_searches (person, at) VALUES (who, now);
    RETURN 0;
END
$$;

REVOKE ALL ON FUNCTION enter_children, settle_children, begin_child_index, count_child_search, children_go_with_their_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enter_children, settle_children, begin_child_index, count_child_search TO casetrail_keys;
GRANT SELECT ON child_index, children TO casetrail_keys;
GRANT UPDATE (whole_at) ON child_index TO casetrail_keys;

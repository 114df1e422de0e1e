-- The record: every event of every stream, only ever added to, in one order.
-- Columns originator_id, originator_version, topic, state and notification_id are named as the eventsourcing library reads them:
-- stream, place, event name, body as stored, position.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What is recorded is only ever added to: % of % is refused.', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;

CREATE TABLE events (
    originator_id      text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL CHECK (originator_version > 0),
    topic              text COLLATE "C" NOT NULL,
    state              bytea NOT NULL,
    notification_id    bigserial NOT NULL,
    header             bytea NOT NULL,
    at                 timestamptz NOT NULL,
    hash               bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (originator_id, originator_version)
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_threshold = 100000000, autovacuum_analyze_threshold = 1000, autovacuum_analyze_scale_factor = 0.01);
CREATE UNIQUE INDEX events_notification_id_idx ON events (notification_id);
-- Ciphertext does not compress: keep the bytes as they are, in the row where they fit.
ALTER TABLE events ALTER COLUMN state SET STORAGE EXTERNAL, ALTER COLUMN header SET STORAGE EXTERNAL;

-- A label is used once in a partnership, compared in its folded form.
CREATE TABLE labels (
    partnership text COLLATE "C" NOT NULL,
    folded      text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL,
    PRIMARY KEY (partnership, folded)
);

-- What each asking led to, so that asking again gives the first answer.
CREATE TABLE commands (
    command  uuid PRIMARY KEY,
    request  text,
    stream   text COLLATE "C" NOT NULL,
    first    bigint NOT NULL,
    last     bigint NOT NULL,
    position bigint NOT NULL
);

-- What kind of store this is: 'rehearsal' allows a chosen instant of recording, 'demo' signing in without identity.
CREATE TABLE store_marks (
    mark text PRIMARY KEY CHECK (mark ~ '^[a-z][a-z-]*$'),
    at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION refuse_late_mark() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.events) THEN
        RAISE EXCEPTION 'This store already holds events: it cannot become a % store.', NEW.mark USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER only_before_the_first_event BEFORE INSERT ON store_marks FOR EACH ROW EXECUTE FUNCTION refuse_late_mark();

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['events', 'labels', 'commands', 'store_marks'] LOOP
        EXECUTE format('CREATE TRIGGER only_ever_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
        -- ALWAYS: also for a session that calls itself a replica.
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER only_ever_added_to', t);
    END LOOP;
END
$$;

-- The one way in. One call is one batch of saves; a save is what one command led to, whole or not at all.
--
-- The advisory lock comes first. Every later statement has a snapshot of its own, taken under that lock, so the last instant,
-- the heads and the keys it reads are those that stand. The lock is held until the batch is committed: positions become
-- visible in their order, and nobody who follows the log can miss one.
--
-- Per stream of the batch (each once): streams.
-- Per save: save_stream (index into streams), expected (the place the stream must stand at), sizes (how many events), commands,
--   requests, partnerships and labels (a label to claim, or null), chosen (an instant of recording, or null).
-- Per event, in the order of the saves: names, headers (up to and including ,"at":"), bodies.
-- A batch holds each command and each label once.
--
-- outcomes, per save: 'recorded'; 'asked' (that command was recorded before); 'moved' (the stream stands elsewhere: heads);
--   'label' (taken); 'clock' (a chosen instant in a store that is no rehearsal); 'early' (chosen before the last event: ats).
-- heads and ats, per save: the place the stream stands at, and the instant recorded. positions, per event recorded.
-- hashes, per event: null where its save was not recorded (the array ends with the last one recorded).
CREATE FUNCTION append_events(
    streams text[],
    save_stream int[], expected bigint[], sizes int[], commands uuid[], requests text[], partnerships text[], labels text[],
    chosen timestamptz[],
    names text[], headers bytea[], bodies bytea[],
    OUT outcomes text[], OUT heads bigint[], OUT ats timestamptz[], OUT positions bigint[], OUT hashes bytea[]
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    places       bigint[];
    links        bytea[];
    last_at      timestamptz;
    asked        uuid[];
    taken        boolean[];
    labelled     boolean := EXISTS (SELECT FROM unnest(labels) l WHERE l IS NOT NULL);
    rehearsal    boolean;
    event_stream text[];
    event_place  bigint[];
    event_at     timestamptz[];
    save_first   bigint[];
    save_event   int[];
    i            int := 0;
    recorded     int := 0;
    k            int;
    place        bigint;
    link         bytea;
    tail         bytea;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_events reads what others committed: call it in a READ COMMITTED transaction.' USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock(7161132759046187373);

    SELECT e.at INTO last_at FROM events e ORDER BY e.notification_id DESC LIMIT 1;
    SELECT array_agg(coalesce(h.originator_version, 0) ORDER BY s.nr), array_agg(coalesce(h.hash, decode(repeat('00', 32), 'hex')) ORDER BY s.nr)
      INTO places, links
      FROM unnest(streams) WITH ORDINALITY s (stream, nr)
      LEFT JOIN LATERAL (
          SELECT e.originator_version, e.hash FROM events e WHERE e.originator_id = s.stream ORDER BY e.originator_version DESC LIMIT 1
      ) h ON true;
    SELECT array_agg(c.command) INTO asked FROM commands c WHERE c.command = ANY (append_events.commands);
    IF labelled THEN
        SELECT array_agg(EXISTS (SELECT FROM labels l WHERE l.partnership = s.partnership AND l.folded = s.label) ORDER BY s.nr)
          INTO taken
          FROM unnest(append_events.partnerships, append_events.labels) WITH ORDINALITY s (partnership, label, nr);
    END IF;

    FOR s IN 1 .. array_length(sizes, 1) LOOP
        k := save_stream[s];
        place := places[k];
        IF commands[s] = ANY (asked) THEN
            outcomes[s] := 'asked';
        ELSIF place <> expected[s] THEN
            outcomes[s] := 'moved';
        ELSIF labelled AND taken[s] THEN
            outcomes[s] := 'label';
        ELSIF chosen[s] IS NULL THEN
            outcomes[s] := 'recorded';
        ELSE
            rehearsal := coalesce(rehearsal, EXISTS (SELECT FROM store_marks m WHERE m.mark = 'rehearsal'));
            outcomes[s] := CASE WHEN NOT rehearsal THEN 'clock' WHEN chosen[s] < last_at THEN 'early' ELSE 'recorded' END;
        END IF;

        IF outcomes[s] = 'recorded' THEN
            last_at := coalesce(chosen[s], greatest(clock_timestamp(), last_at + interval '1 microsecond'));
            tail := convert_to(to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}', 'UTF8');
            link := links[k];
            save_first[s] := place + 1;
            FOR j IN 1 .. sizes[s] LOOP
                i := i + 1;
                place := place + 1;
                headers[i] := headers[i] || tail;
                link := sha256('\x01'::bytea || link || int4send(length(headers[i])) || headers[i] || int4send(length(bodies[i])) || bodies[i]);
                hashes[i] := link;
                event_stream[i] := streams[k];
                event_place[i] := place;
                event_at[i] := last_at;
            END LOOP;
            recorded := recorded + sizes[s];
            save_event[s] := recorded;
            places[k] := place;
            links[k] := link;
        ELSE
            i := i + sizes[s];
        END IF;
        heads[s] := place;
        ats[s] := last_at;
    END LOOP;
    IF recorded = 0 THEN
        RETURN;
    END IF;

    WITH added AS (
        INSERT INTO events (originator_id, originator_version, topic, state, header, at, hash)
        SELECT e.stream, e.place, e.name, e.body, e.header, e.at, e.hash
          FROM unnest(event_stream, event_place, names, bodies, headers, event_at, hashes) e (stream, place, name, body, header, at, hash)
         WHERE e.hash IS NOT NULL
        RETURNING notification_id
    )
    SELECT array_agg(a.notification_id) INTO positions FROM added a;
    INSERT INTO commands (command, request, stream, first, last, position)
    SELECT s.command, s.request, streams[s.stream], s.first, s.last, positions[s.event]
      FROM unnest(append_events.commands, requests, save_stream, save_first, heads, save_event) s (command, request, stream, first, last, event)
     WHERE s.event IS NOT NULL;
    IF labelled THEN
        INSERT INTO labels (partnership, folded, stream)
        SELECT s.partnership, s.label, streams[s.stream]
          FROM unnest(partnerships, append_events.labels, save_stream, save_event) s (partnership, label, stream, event)
         WHERE s.event IS NOT NULL AND s.label IS NOT NULL;
    END IF;
    PERFORM pg_notify('events', positions[recorded]::text);
END
$$;

-- Up to where the record is settled, and what time it is: nothing will ever be recorded at or before that position or instant that
-- is not visible now. Waits for a batch that is being committed.
CREATE FUNCTION settled(OUT "position" bigint, OUT now timestamptz) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7161132759046187373);
    SELECT e.notification_id, e.at INTO "position", now FROM events e ORDER BY e.notification_id DESC LIMIT 1;
    "position" := coalesce("position", 0);
    -- One microsecond back: an append that reads the clock next, even in this microsecond, is later.
    now := greatest(clock_timestamp() - interval '1 microsecond', now);
END
$$;

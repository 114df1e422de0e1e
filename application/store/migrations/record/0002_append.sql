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
    event_place  bigint[];
    event_save   int[];
    save_first   bigint[];
    save_event   int[];
    i            int := 0;
    done         int := 0;
    k            int;
    place        bigint;
    link         bytea;
    tail         bytea;
    outcome      text;
    last_position bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'append_events reads what others committed: call it in a READ COMMITTED transaction.' USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock(7161132759046187373);

    SELECT e.at INTO last_at FROM events e ORDER BY e.notification_id DESC LIMIT 1;
    SELECT array_agg(coalesce(h.originator_version, 0)), array_agg(coalesce(h.hash, '\x0000000000000000000000000000000000000000000000000000000000000000'))
      INTO places, links
      FROM unnest(streams) s (stream)
      LEFT JOIN LATERAL (
          SELECT e.originator_version, e.hash FROM events e WHERE e.originator_id = s.stream ORDER BY e.originator_version DESC LIMIT 1
      ) h ON true;

    FOR s IN 1 .. array_length(sizes, 1) LOOP
        k := save_stream[s];
        place := places[k];
        outcome := 'recorded';
        IF place <> expected[s] THEN
            outcome := 'moved';
        ELSIF labels[s] IS NOT NULL THEN
            IF EXISTS (SELECT FROM labels l WHERE l.partnership = partnerships[s] AND l.folded = append_events.labels[s]) THEN
                outcome := 'label';
            END IF;
        END IF;
        IF outcome <> 'recorded' THEN
            -- Perhaps by this very command, asked before. (Where nothing is in its way, the key of commands refuses it.)
            IF EXISTS (SELECT FROM commands c WHERE c.command = append_events.commands[s]) THEN
                outcome := 'asked';
            END IF;
        ELSIF chosen[s] IS NULL THEN
            last_at := greatest(clock_timestamp(), last_at + interval '1 microsecond');
        ELSIF NOT EXISTS (SELECT FROM store_marks m WHERE m.mark = 'rehearsal') THEN
            outcome := 'clock';
        ELSIF chosen[s] < last_at THEN
            outcome := 'early';
        ELSE
            last_at := chosen[s];
        END IF;
        IF outcome <> 'recorded' THEN
            -- Every element is set: an array that began with the second would be out of step with the others.
            FOR j IN i + 1 .. i + sizes[s] LOOP
                hashes[j] := NULL;
                event_place[j] := NULL;
                event_save[j] := NULL;
            END LOOP;
            save_first[s] := NULL;
            save_event[s] := NULL;
        ELSE
            tail := convert_to(to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '"}', 'UTF8');
            link := links[k];
            FOR j IN i + 1 .. i + sizes[s] LOOP
                place := place + 1;
                headers[j] := headers[j] || tail;
                link := sha256('\x01'::bytea || link || int4send(length(headers[j])) || headers[j] || int4send(length(bodies[j])) || bodies[j]);
                hashes[j] := link;
                event_place[j] := place;
                event_save[j] := s;
            END LOOP;
            save_first[s] := expected[s] + 1;
            done := done + sizes[s];
            save_event[s] := done;
            places[k] := place;
            links[k] := link;
        END IF;
        i := i + sizes[s];
        outcomes[s] := outcome;
        heads[s] := place;
        ats[s] := last_at;
    END LOOP;
    IF done = 0 THEN
        RETURN;
    END IF;

    IF array_length(names, 1) = 1 THEN
        -- One event, as most often: the same without the cost of arrays.
        INSERT INTO events (originator_id, originator_version, topic, state, header, at, hash)
        VALUES (streams[1], event_place[1], names[1], bodies[1], headers[1], last_at, link)
        RETURNING notification_id INTO last_position;
        positions[1] := last_position;
        INSERT INTO commands (command, request, stream, first, last, position)
        VALUES (append_events.commands[1], requests[1], streams[1], event_place[1], event_place[1], last_position);
    ELSE
        WITH added AS (
            INSERT INTO events (originator_id, originator_version, topic, state, header, at, hash)
            SELECT streams[save_stream[e.save]], e.place, e.name, e.body, e.header, ats[e.save], e.hash
              FROM unnest(event_save, event_place, names, bodies, headers, hashes) e (save, place, name, body, header, hash)
             WHERE e.save IS NOT NULL
            RETURNING notification_id
        )
        SELECT array_agg(a.notification_id) INTO positions FROM added a;
        INSERT INTO commands (command, request, stream, first, last, position)
        SELECT s.command, s.request, streams[s.stream], s.first, s.last, positions[s.event]
          FROM unnest(append_events.commands, requests, save_stream, save_first, heads, save_event) s (command, request, stream, first, last, event)
         WHERE s.event IS NOT NULL;
    END IF;
    IF array_length(labels, 1) IS NOT NULL THEN
        INSERT INTO labels (partnership, folded, stream)
        SELECT s.partnership, s.label, streams[s.stream]
          FROM unnest(partnerships, append_events.labels, save_stream, save_event) s (partnership, label, stream, event)
         WHERE s.event IS NOT NULL AND s.label IS NOT NULL;
    END IF;
    PERFORM pg_notify('events', positions[done]::text);
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

-- Sign-in: who is signed in, and sign-ins under way. Of what a browser holds only the SHA-256 is kept, so nobody becomes somebody by reading this.

CREATE TABLE sessions (
    id           bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    number       bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    person       text COLLATE "C" NOT NULL REFERENCES persons,
    how          text COLLATE "C" NOT NULL CHECK (how IN ('provider', 'demo')),
    role         text COLLATE "C",
    organisation text COLLATE "C",
    partnership  text COLLATE "C",
    began_at     timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    ended_at     timestamptz,
    why          text COLLATE "C" CHECK (why IN ('signed-out', 'signed-in-again', 'revoked', 'post-ended', 'erased')),
    CHECK ((ended_at IS NULL) = (why IS NULL)),
    CHECK ((role IS NULL) = (partnership IS NULL))
);
CREATE INDEX sessions_of_a_person ON sessions (person) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (ends_at);

CREATE TABLE sign_ins (
    state    bytea PRIMARY KEY CHECK (octet_length(state) = 32),
    browser  bytea NOT NULL CHECK (octet_length(browser) = 32),
    nonce    text COLLATE "C" NOT NULL,
    verifier text COLLATE "C" NOT NULL,
    back_to  text NOT NULL,
    begun_at timestamptz NOT NULL
);
CREATE INDEX sign_ins_by_beginning ON sign_ins (begun_at);

-- Posts that the provider told of at a sign-in lapse unless it tells of them again; a post may be taken away at an instant.
ALTER TABLE posts ADD COLUMN claimed boolean NOT NULL DEFAULT false;
ALTER TABLE posts ADD COLUMN ended_at timestamptz;
DROP INDEX posts_held_once;
CREATE UNIQUE INDEX posts_held_once ON posts (person, role, coalesce(organisation, ''), coalesce(partnership, ''), from_day, claimed)
 WHERE ended_at IS NULL;

CREATE OR REPLACE FUNCTION holds_post(of_person text, of_role text, of_organisation text, of_partnership text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.posts
         WHERE person = of_person AND role = of_role AND organisation IS NOT DISTINCT FROM of_organisation
           AND (partnership IS NULL OR partnership = of_partnership)
           AND ended_at IS NULL
           AND (until_day IS NULL OR until_day >= (clock_timestamp() AT TIME ZONE 'Europe/London')::date)
    )
$$;

-- The posts that somebody holds on a day, in which they may ask: those of a partnership.
CREATE FUNCTION posts_held(of_person text, on_day date)
RETURNS TABLE (id bigint, role text, organisation text, partnership text, claimed boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT p.id, p.role, p.organisation, p.partnership, p.claimed FROM public.posts p
     WHERE p.person = of_person AND p.partnership IS NOT NULL AND p.ended_at IS NULL
       AND p.from_day <= on_day AND (p.until_day IS NULL OR p.until_day >= on_day)
$$;

-- Whoever loses a post loses their sessions in the same breath, whoever took it from them and by whatever way.
CREATE FUNCTION end_sessions_with_post() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.sessions SET ended_at = clock_timestamp(), why = 'post-ended' WHERE person = OLD.person AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER sessions_end_with_post AFTER UPDATE ON posts FOR EACH ROW
    WHEN ((NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL)
       OR (NEW.until_day IS NOT NULL AND NEW.until_day IS DISTINCT FROM OLD.until_day
           AND NEW.until_day <= (clock_timestamp() AT TIME ZONE 'Europe/London')::date))
    EXECUTE FUNCTION end_sessions_with_post();

REVOKE ALL ON sessions, sign_ins FROM PUBLIC;
REVOKE ALL ON FUNCTION end_sessions_with_post, posts_held FROM PUBLIC;
GRANT EXECUTE ON FUNCTION posts_held TO casetrail_service;
GRANT SELECT, INSERT, DELETE ON sessions, sign_ins TO casetrail_service;
GRANT UPDATE (seen_at, ended_at, why, role, organisation, partnership) ON sessions TO casetrail_service;
GRANT UPDATE (ended_at) ON posts TO casetrail_service;

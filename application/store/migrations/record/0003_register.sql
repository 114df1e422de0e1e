-- Persons and their posts. A name is sealed under the key of its person; what a person is called by is kept only as a blind index.

CREATE TABLE persons (
    person text COLLATE "C" PRIMARY KEY CHECK (person ~ '^person-[0-9a-f]{32}$'),
    name   jsonb,
    since  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE posts (
    id           bigserial PRIMARY KEY,
    person       text COLLATE "C" NOT NULL REFERENCES persons,
    role         text COLLATE "C" NOT NULL,
    organisation text COLLATE "C",
    partnership  text COLLATE "C",
    from_day     date NOT NULL,
    until_day    date CHECK (until_day >= from_day)
);
CREATE UNIQUE INDEX posts_held_once ON posts (person, role, coalesce(organisation, ''), coalesce(partnership, ''), from_day);
CREATE INDEX posts_by_role ON posts (role, partnership);

CREATE TABLE aliases (
    alias  bytea PRIMARY KEY CHECK (length(alias) = 32),
    person text COLLATE "C" NOT NULL REFERENCES persons,
    asks   boolean NOT NULL
);
CREATE INDEX aliases_by_person ON aliases (person);

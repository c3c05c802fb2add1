-- +goose Up
-- Mail comes first: raw bytes are committed before anything is understood, and
-- every mail ends in one named state.

-- Sealed bytes of any kind (raw mail, documents, texts, pictures, letters): cut
-- into chunks of at most 1 MiB, each sealed with AES-256-GCM under the object's
-- own key, which is wrapped by a key outside the database. An object counts only
-- when a row names it; objects that no row names are swept.
CREATE TABLE objects (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size       bigint NOT NULL CHECK (size >= 0),
    chunks     integer NOT NULL CHECK (chunks >= 0),
    key_id     text NOT NULL,
    wrapped    bytea NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE object_chunks (
    object_id bigint NOT NULL REFERENCES objects ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number >= 0),
    sealed    bytea NOT NULL,
    PRIMARY KEY (object_id, number)
);

CREATE TABLE leases (
    name       text PRIMARY KEY,
    owner      text NOT NULL,
    expires_at timestamptz NOT NULL
);

-- A folder of a mailbox under one UIDVALIDITY; where it starts is fixed at the
-- first connection.
CREATE TABLE folders (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account        text NOT NULL,
    folder         text NOT NULL,
    uidvalidity    bigint NOT NULL,
    start_at       timestamptz,
    first_seen_at  timestamptz NOT NULL DEFAULT now(),
    last_good_poll timestamptz,
    on_server      integer NOT NULL DEFAULT 0,
    trouble        text NOT NULL DEFAULT '',
    trouble_since  timestamptz,
    UNIQUE (account, folder, uidvalidity)
);

-- The bytes of a mail, known by their hash.
CREATE TABLE raws (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256      bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    size        bigint NOT NULL,
    object_id   bigint NOT NULL REFERENCES objects,
    whole       boolean NOT NULL DEFAULT true,
    stored_at   timestamptz NOT NULL DEFAULT now()
);

-- Where a mail was seen. UIDs that were listed and could not be fetched stand
-- here too, so that every UID is accounted for.
CREATE TABLE sightings (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account       text NOT NULL,
    folder        text NOT NULL,
    uidvalidity   bigint NOT NULL,
    uid           bigint NOT NULL,
    raw_id        bigint REFERENCES raws,
    state         text NOT NULL CHECK (state IN ('stored', 'before_start', 'unfetchable', 'gone')),
    internal_date timestamptz,
    seen_at       timestamptz NOT NULL DEFAULT now(),
    gone_at       timestamptz,
    moved_at      timestamptz,
    tries         integer NOT NULL DEFAULT 0,
    next_try      timestamptz,
    why           text NOT NULL DEFAULT '',
    UNIQUE (account, folder, uidvalidity, uid),
    CHECK (state <> 'stored' OR raw_id IS NOT NULL)
);
CREATE INDEX sightings_raw ON sightings (raw_id);

-- One raw as a mail: what it was taken for, and its one end. No end yet means
-- that it is still being read.
CREATE TABLE messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    raw_id       bigint NOT NULL UNIQUE REFERENCES raws,
    fingerprint  bytea,
    duplicate_of bigint REFERENCES messages,
    received_at  timestamptz NOT NULL,
    folder       text NOT NULL DEFAULT '',
    message_id   text NOT NULL DEFAULT '',
    from_name    text NOT NULL DEFAULT '',
    from_addr    text NOT NULL DEFAULT '',
    subject      text NOT NULL DEFAULT '',
    class        text NOT NULL DEFAULT '',
    kind         text NOT NULL DEFAULT '',
    urgency      text NOT NULL DEFAULT '' CHECK (urgency IN ('', 'crisis', 'urgent', 'unread', 'routine')),
    verdict      text NOT NULL DEFAULT '',
    machine      boolean NOT NULL DEFAULT false,
    reading      bigint REFERENCES objects,
    end_state    text CHECK (end_state IN ('case', 'filed', 'holding', 'problem', 'quarantined', 'routed', 'ignored', 'before_start')),
    ended_at     timestamptz,
    ended_by     bigint,
    why          text NOT NULL DEFAULT '',
    owner        bigint,
    due_at       timestamptz,
    tries        integer NOT NULL DEFAULT 0,
    next_try     timestamptz NOT NULL DEFAULT now(),
    search       tsvector,
    CHECK ((end_state IS NULL) = (ended_at IS NULL))
);
CREATE INDEX messages_unread ON messages (next_try) WHERE end_state IS NULL;
CREATE INDEX messages_open ON messages (end_state, due_at) WHERE end_state IN ('holding', 'problem', 'quarantined', 'routed');
CREATE INDEX messages_fingerprint ON messages (fingerprint);
CREATE INDEX messages_from ON messages (from_addr, received_at);
CREATE INDEX messages_search ON messages USING gin (search);

-- A file of a mail and what became of it. Its bytes stay in the raw mail; its
-- text is kept for the review page.
CREATE TABLE documents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id bigint NOT NULL REFERENCES messages,
    part       text NOT NULL,
    name       text NOT NULL,
    type       text NOT NULL,
    size       bigint NOT NULL,
    state      text NOT NULL,
    why        text NOT NULL DEFAULT '',
    UNIQUE (message_id, part)
);

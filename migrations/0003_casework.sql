-- +goose Up
-- Panels, decisions, removals, the directory, letters, tasks and timers.

CREATE TABLE signposts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    what_for    text NOT NULL,
    age_from    integer NOT NULL DEFAULT 0,
    age_to      integer NOT NULL DEFAULT 0,
    areas       text[] NOT NULL DEFAULT '{}',
    needs       text[] NOT NULL DEFAULT '{}',
    how         text NOT NULL DEFAULT '',
    phone       text NOT NULL DEFAULT '',
    email       text NOT NULL DEFAULT '',
    web         text NOT NULL DEFAULT '',
    hours       text NOT NULL DEFAULT '',
    easy_read   text NOT NULL DEFAULT '',
    source      text NOT NULL DEFAULT '',
    verified_on date,
    verified_by text NOT NULL DEFAULT '',
    review_by   date,
    retired     boolean NOT NULL DEFAULT false,
    version     bigint NOT NULL DEFAULT 1,
    CHECK (verified_on IS NULL OR verified_by <> '')
);

CREATE TABLE panels (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind     text NOT NULL,
    at       timestamptz NOT NULL,
    place    text NOT NULL DEFAULT '',
    capacity integer NOT NULL CHECK (capacity > 0),
    chair    bigint NOT NULL REFERENCES users,
    closed   boolean NOT NULL DEFAULT false,
    version  bigint NOT NULL DEFAULT 1
);

CREATE TABLE panel_members (
    panel_id bigint NOT NULL REFERENCES panels,
    user_id  bigint NOT NULL REFERENCES users,
    role     text NOT NULL CHECK (role IN ('chair', 'member', 'expert')),
    sector   text NOT NULL DEFAULT '',
    present  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (panel_id, user_id)
);

CREATE TABLE panel_items (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    panel_id bigint NOT NULL REFERENCES panels,
    case_id  bigint NOT NULL REFERENCES cases,
    state    text NOT NULL CHECK (state IN ('listed', 'opened', 'decided', 'taken off')),
    why      text NOT NULL DEFAULT '',
    listed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX panel_items_live ON panel_items (case_id) WHERE state IN ('listed', 'opened');
CREATE INDEX panel_items_panel ON panel_items (panel_id);

CREATE TABLE interests (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES panel_items,
    member  bigint NOT NULL REFERENCES users,
    kind    text NOT NULL CHECK (kind IN ('none', 'personal', 'organisational')),
    words   text NOT NULL DEFAULT '',
    exclude boolean NOT NULL DEFAULT false,
    at      timestamptz NOT NULL
);
CREATE INDEX interests_item ON interests (item_id);

CREATE TABLE views (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES panel_items,
    member  bigint NOT NULL REFERENCES users,
    words   text NOT NULL,
    dissent boolean NOT NULL DEFAULT false,
    at      timestamptz NOT NULL
);
CREATE INDEX views_item ON views (item_id);

CREATE TABLE decisions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id       bigint NOT NULL REFERENCES cases,
    item_id       bigint REFERENCES panel_items,
    outcome       text NOT NULL CHECK (outcome IN ('accepted', 'not accepted', 'deferred')),
    reasons       text[] NOT NULL DEFAULT '{}',
    text          text NOT NULL DEFAULT '',
    recommendations jsonb NOT NULL DEFAULT '[]',
    signposts     bigint[] NOT NULL DEFAULT '{}',
    rating        text NOT NULL DEFAULT '',
    rating_reason text NOT NULL DEFAULT '',
    lead          bigint,
    lead_named    text NOT NULL DEFAULT '',
    support       text NOT NULL DEFAULT '',
    person_views  text NOT NULL DEFAULT '',
    dissent       text NOT NULL DEFAULT '',
    awaited       text NOT NULL DEFAULT '',
    awaited_from  text NOT NULL DEFAULT '',
    awaited_by    date,
    by_user       bigint NOT NULL CHECK (by_user <> 0),
    at            timestamptz NOT NULL,
    corrects      bigint REFERENCES decisions,
    CHECK (outcome <> 'accepted' OR rating <> ''),
    CHECK (outcome <> 'not accepted' OR (reasons <> '{}' AND signposts <> '{}' AND recommendations <> '[]'))
);
CREATE INDEX decisions_case ON decisions (case_id);

CREATE TABLE assessments (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    rating  text NOT NULL CHECK (rating IN ('red', 'amber', 'green', 'blue')),
    reason  text NOT NULL,
    by_user bigint NOT NULL CHECK (by_user <> 0),
    at      timestamptz NOT NULL
);
CREATE INDEX assessments_case ON assessments (case_id);

CREATE TABLE removals (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   bigint NOT NULL REFERENCES cases,
    by_user   bigint NOT NULL CHECK (by_user <> 0),
    at        timestamptz NOT NULL,
    why       text NOT NULL,
    plan      text NOT NULL,
    agreed_at timestamptz,
    ended     boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX removals_live ON removals (case_id) WHERE NOT ended;

CREATE TABLE agreements (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    removal_id bigint NOT NULL REFERENCES removals,
    party      bigint NOT NULL REFERENCES parties,
    answer     text NOT NULL,
    words      text NOT NULL,
    by_user    bigint NOT NULL CHECK (by_user <> 0),
    at         timestamptz NOT NULL
);

-- What happened, append-only, without personal values: ids, field names and
-- salted digests. It points at nothing by foreign key: it outlives what it tells of.
CREATE TABLE events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      bigint NOT NULL,
    action     text NOT NULL,
    case_id    bigint,
    message_id bigint,
    letter_id  bigint,
    subject    text NOT NULL DEFAULT '',
    from_state text NOT NULL DEFAULT '',
    to_state   text NOT NULL DEFAULT '',
    fields     text[] NOT NULL DEFAULT '{}',
    digests    text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX events_case ON events (case_id, id);

-- Words of an event (a note, a reason): personal, so kept apart.
CREATE TABLE notes (
    event_id bigint PRIMARY KEY REFERENCES events,
    case_id  bigint REFERENCES cases,
    words    text NOT NULL
);
CREATE INDEX notes_case ON notes (case_id);

-- The hash chain over events, made afterwards by one leased job, so that no
-- writer waits for another.
CREATE TABLE event_seals (
    number   bigint PRIMARY KEY,
    event_id bigint NOT NULL UNIQUE,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32),
    made_at  timestamptz NOT NULL DEFAULT now()
);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_seals EXECUTE FUNCTION refuse_change();

CREATE TABLE letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause       bigint NOT NULL,
    kind        text NOT NULL,
    case_id     bigint REFERENCES cases,
    message_id  bigint REFERENCES messages,
    party       bigint REFERENCES parties,
    recipient   text NOT NULL,
    content     text NOT NULL DEFAULT 'full',
    asks        text[] NOT NULL DEFAULT '{}',
    state       text NOT NULL CHECK (state IN ('due', 'submitted', 'queued', 'sending', 'retry', 'accepted', 'failed', 'unknown',
                    'returned', 'withdrawn', 'posted')),
    due_at      timestamptz NOT NULL,
    not_before  timestamptz NOT NULL,
    priority    integer NOT NULL DEFAULT 0,
    bytes       bigint REFERENCES objects,
    sha256      bytea CHECK (octet_length(sha256) = 32),
    subject     text NOT NULL DEFAULT '',
    words       bigint REFERENCES objects,
    template    text NOT NULL DEFAULT '',
    address     text NOT NULL DEFAULT '',
    smtp_id     text NOT NULL DEFAULT '',
    token_hash  bytea,
    submitted_by bigint,
    submitted_at timestamptz,
    approved_by bigint,
    approved_at timestamptz,
    attempts    integer NOT NULL DEFAULT 0,
    next_try    timestamptz,
    sending_since timestamptz,
    sent_at     timestamptz,
    outcome     text NOT NULL DEFAULT '',
    UNIQUE (cause, kind, recipient),
    CHECK (state IN ('due', 'submitted', 'withdrawn', 'failed') OR sha256 IS NOT NULL OR state = 'posted'),
    CHECK (kind NOT IN ('L6', 'L7', 'L8') OR state IN ('due', 'submitted', 'withdrawn') OR (approved_by IS NOT NULL AND approved_by <> submitted_by))
);
CREATE INDEX letters_out ON letters (priority DESC, next_try) WHERE state IN ('due', 'queued', 'retry', 'sending');
CREATE INDEX letters_case ON letters (case_id);
CREATE INDEX letters_token ON letters (token_hash);
CREATE INDEX letters_smtp_id ON letters (smtp_id);

-- Every attempt is written before the first SMTP command.
CREATE TABLE letter_attempts (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    letter_id bigint NOT NULL REFERENCES letters,
    number    integer NOT NULL,
    began_at  timestamptz NOT NULL,
    ended_at  timestamptz,
    outcome   text NOT NULL DEFAULT '',
    code      integer NOT NULL DEFAULT 0,
    enhanced  text NOT NULL DEFAULT '',
    step      text NOT NULL DEFAULT '',
    words     text NOT NULL DEFAULT '',
    queue_id  text NOT NULL DEFAULT '',
    UNIQUE (letter_id, number)
);

CREATE TABLE tasks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    case_id    bigint REFERENCES cases,
    message_id bigint REFERENCES messages,
    letter_id  bigint REFERENCES letters,
    signpost_id bigint REFERENCES signposts,
    owner      bigint REFERENCES users,
    due_at     timestamptz NOT NULL,
    why        text NOT NULL DEFAULT '',
    made_at    timestamptz NOT NULL,
    done_at    timestamptz,
    done_by    bigint
);
CREATE UNIQUE INDEX tasks_one_open ON tasks (kind, case_id) WHERE done_at IS NULL AND case_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_one_open_message ON tasks (kind, message_id) WHERE done_at IS NULL AND case_id IS NULL;
CREATE INDEX tasks_due ON tasks (due_at) WHERE done_at IS NULL;

CREATE TABLE timers (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    kind    text NOT NULL,
    at      timestamptz NOT NULL,
    UNIQUE (case_id, kind)
);
CREATE INDEX timers_at ON timers (at);

-- What the duty list must hear; words without personal data.
CREATE TABLE alerts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,
    case_id    bigint REFERENCES cases,
    message_id bigint REFERENCES messages,
    made_at    timestamptz NOT NULL,
    sent_at    timestamptz,
    attempts   integer NOT NULL DEFAULT 0,
    next_try   timestamptz NOT NULL,
    UNIQUE (kind, message_id)
);
CREATE INDEX alerts_out ON alerts (next_try) WHERE sent_at IS NULL;

-- +goose Up
-- People, cases and what is recorded of them. Dated records are only added to;
-- values are rows of facts, never overwritten.

CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email = lower(email)),
    name       text NOT NULL,
    password   text NOT NULL DEFAULT '',
    roles      text[] NOT NULL,
    disabled   boolean NOT NULL DEFAULT false,
    failures   integer NOT NULL DEFAULT 0,
    locked_to  timestamptz,
    made_at    timestamptz NOT NULL DEFAULT now(),
    signed_in  timestamptz,
    version    bigint NOT NULL DEFAULT 1
);

CREATE TABLE sessions (
    token_hash bytea PRIMARY KEY,
    data       bytea NOT NULL,
    user_id    bigint,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- One-time links to set a password; only their hash is kept.
CREATE TABLE user_links (
    token_hash bytea PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE settings (
    name       text PRIMARY KEY,
    value      jsonb NOT NULL,
    version    bigint NOT NULL DEFAULT 1,
    changed_by bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE people (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    confirmed     boolean NOT NULL DEFAULT false,
    name          text NOT NULL DEFAULT '',
    known_as      text NOT NULL DEFAULT '',
    date_of_birth date,
    nhs_number    text CHECK (nhs_number ~ '^[0-9]{10}$'),
    needs         text[] NOT NULL DEFAULT '{}',
    deceased      boolean NOT NULL DEFAULT false,
    died_on       date,
    merged_into   bigint REFERENCES people,
    made_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX people_nhs ON people (nhs_number);
CREATE INDEX people_dob ON people (date_of_birth);
CREATE INDEX people_name ON people (lower(name));

CREATE SEQUENCE case_refs;

CREATE TABLE cases (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref         text NOT NULL UNIQUE,
    person_id   bigint NOT NULL REFERENCES people,
    person_confirmed boolean NOT NULL DEFAULT false,
    state       text NOT NULL CHECK (state IN ('new', 'triage', 'awaiting information', 'awaiting consent', 'ready for panel',
                    'panel scheduled', 'in panel', 'deferred', 'accepted', 'not accepted', 'on register', 'removal proposed',
                    'transferring', 'closed')),
    since       timestamptz NOT NULL,
    before      text NOT NULL DEFAULT '',
    closed      text NOT NULL DEFAULT '',
    urgency     text NOT NULL CHECK (urgency IN ('crisis', 'urgent', 'unread', 'routine')),
    flags       text[] NOT NULL DEFAULT '{}',
    owner       bigint REFERENCES users,
    version     bigint NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL,
    on_register date,
    next_review date,
    rating      text NOT NULL DEFAULT '' CHECK (rating IN ('', 'red', 'amber', 'green', 'blue')),
    lead        bigint,
    lead_named  text NOT NULL DEFAULT '',
    follows     bigint REFERENCES cases,
    CHECK ((state = 'closed') = (closed <> ''))
);
CREATE INDEX cases_queue ON cases (state, urgency, received_at);
CREATE INDEX cases_person ON cases (person_id);
CREATE INDEX cases_owner ON cases (owner) WHERE state <> 'closed';
-- One open case a person, once people have said who the person is.
CREATE UNIQUE INDEX cases_one_open ON cases (person_id) WHERE state <> 'closed' AND person_confirmed;

CREATE TABLE referrals (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     bigint NOT NULL REFERENCES cases,
    message_id  bigint REFERENCES messages,
    type        text NOT NULL CHECK (type IN ('self', 'family', 'professional')),
    received_at timestamptz NOT NULL,
    told_to     bigint REFERENCES users
);
CREATE INDEX referrals_case ON referrals (case_id);

CREATE TABLE case_messages (
    case_id    bigint NOT NULL REFERENCES cases,
    message_id bigint NOT NULL REFERENCES messages,
    how        text NOT NULL,
    joined_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (case_id, message_id)
);
CREATE INDEX case_messages_message ON case_messages (message_id);

CREATE TABLE facts (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id      bigint NOT NULL REFERENCES cases,
    field        text NOT NULL,
    value        text NOT NULL DEFAULT '',
    list         text[] NOT NULL DEFAULT '{}',
    message_id   bigint REFERENCES messages,
    part         text NOT NULL DEFAULT '',
    page         integer NOT NULL DEFAULT 0,
    span_start   integer NOT NULL DEFAULT 0,
    span_end     integer NOT NULL DEFAULT 0,
    quote        text NOT NULL DEFAULT '',
    method       text NOT NULL DEFAULT '',
    confidence   real NOT NULL DEFAULT 0,
    note         text NOT NULL DEFAULT '',
    rivals       jsonb NOT NULL DEFAULT '[]',
    proposed_by  bigint NOT NULL DEFAULT 0,
    proposed_at  timestamptz NOT NULL,
    confirmed_by bigint,
    confirmed_at timestamptz,
    superseded_by bigint REFERENCES facts,
    CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL)),
    CHECK (confirmed_by IS NULL OR confirmed_by <> 0)
);
CREATE INDEX facts_case ON facts (case_id, field);
CREATE INDEX facts_identity ON facts (field, lower(value)) WHERE superseded_by IS NULL;

CREATE TABLE parties (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id       bigint NOT NULL REFERENCES cases,
    role          text NOT NULL,
    name          text NOT NULL DEFAULT '',
    known_as      text NOT NULL DEFAULT '',
    organisation  text NOT NULL DEFAULT '',
    sector        text NOT NULL DEFAULT '' CHECK (sector IN ('', 'health', 'education', 'social_care')),
    email         text NOT NULL DEFAULT '',
    phone         text NOT NULL DEFAULT '',
    address       text NOT NULL DEFAULT '',
    has_pr        text NOT NULL DEFAULT '' CHECK (has_pr IN ('', 'yes', 'no')),
    involved      boolean NOT NULL DEFAULT false,
    referrer      boolean NOT NULL DEFAULT false,
    confirmed     boolean NOT NULL DEFAULT false,
    confirmed_by  bigint,
    may_write     text NOT NULL DEFAULT '' CHECK (may_write IN ('', 'yes', 'no')),
    ordinary_ok   boolean NOT NULL DEFAULT false,
    safe_to_write text NOT NULL DEFAULT '',
    blocked       boolean NOT NULL DEFAULT false,
    blocked_why   text NOT NULL DEFAULT '',
    needs         text[] NOT NULL DEFAULT '{}',
    version       bigint NOT NULL DEFAULT 1,
    CHECK (NOT confirmed OR confirmed_by <> 0),
    CHECK (NOT blocked OR blocked_why <> '')
);
CREATE INDEX parties_case ON parties (case_id);
CREATE INDEX parties_email ON parties (email);

CREATE TABLE consents (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES cases,
    about      text NOT NULL,
    decided_by text NOT NULL,
    party      bigint REFERENCES parties,
    answer     text NOT NULL,
    evidence   text NOT NULL DEFAULT '',
    words      text NOT NULL DEFAULT '',
    valid_from date NOT NULL,
    valid_to   date,
    by_user    bigint NOT NULL CHECK (by_user <> 0),
    at         timestamptz NOT NULL
);
CREATE INDEX consents_case ON consents (case_id);

CREATE TABLE capacities (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES cases,
    decision   text NOT NULL,
    assessor   text NOT NULL,
    assessor_role text NOT NULL DEFAULT '',
    understand text NOT NULL DEFAULT '',
    retain     text NOT NULL DEFAULT '',
    weigh      text NOT NULL DEFAULT '',
    tell       text NOT NULL DEFAULT '',
    support    text NOT NULL DEFAULT '',
    impairment text NOT NULL DEFAULT '',
    outcome    text NOT NULL,
    on_day     date NOT NULL,
    by_user    bigint NOT NULL CHECK (by_user <> 0),
    at         timestamptz NOT NULL
);
CREATE INDEX capacities_case ON capacities (case_id);

CREATE TABLE best_interests (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id   bigint NOT NULL REFERENCES cases,
    decision  text NOT NULL,
    maker     text NOT NULL,
    consulted text NOT NULL,
    wishes    text NOT NULL,
    options   text NOT NULL DEFAULT '',
    in_favour boolean NOT NULL,
    on_day    date NOT NULL,
    review_by date,
    by_user   bigint NOT NULL CHECK (by_user <> 0),
    at        timestamptz NOT NULL
);
CREATE INDEX best_interests_case ON best_interests (case_id);

CREATE TABLE contacts (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    party   bigint NOT NULL REFERENCES parties,
    how     text NOT NULL,
    reached text NOT NULL,
    words   text NOT NULL DEFAULT '',
    by_user bigint NOT NULL CHECK (by_user <> 0),
    at      timestamptz NOT NULL
);
CREATE INDEX contacts_case ON contacts (case_id);

CREATE TABLE shares (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    party   bigint NOT NULL REFERENCES parties,
    sector  text NOT NULL,
    fields  text[] NOT NULL,
    basis   text NOT NULL,
    letter  bigint,
    by_user bigint NOT NULL,
    at      timestamptz NOT NULL
);

-- +goose Up
-- What a team does while somebody is on the register.

ALTER TABLE contacts
    ADD COLUMN next text NOT NULL DEFAULT '',
    ADD COLUMN next_by date;

-- How a referral that is no mail was told: phone, post, in person.
ALTER TABLE referrals ADD COLUMN how text NOT NULL DEFAULT '';

-- Care, education and treatment reviews and keyworkers, a dated step a row; the
-- newest counts.
CREATE TABLE cetrs (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    state   text NOT NULL,
    on_day  date NOT NULL,
    words   text NOT NULL DEFAULT '',
    by_user bigint NOT NULL CHECK (by_user <> 0),
    at      timestamptz NOT NULL
);
CREATE INDEX cetrs_case ON cetrs (case_id);

CREATE TABLE keyworkers (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES cases,
    state   text NOT NULL,
    name    text NOT NULL DEFAULT '',
    on_day  date NOT NULL,
    words   text NOT NULL DEFAULT '',
    by_user bigint NOT NULL CHECK (by_user <> 0),
    at      timestamptz NOT NULL
);
CREATE INDEX keyworkers_case ON keyworkers (case_id);

-- The support plan: who does what by when.
CREATE TABLE plan_items (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id  bigint NOT NULL REFERENCES cases,
    what     text NOT NULL,
    who      text NOT NULL,
    due      date NOT NULL,
    by_user  bigint NOT NULL CHECK (by_user <> 0),
    at       timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by bigint,
    done     boolean NOT NULL DEFAULT false,
    outcome  text NOT NULL DEFAULT '',
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX plan_items_case ON plan_items (case_id);

-- Councils and integrated care boards change names and borders, so they are rows
-- with dates (Mental Health Act 1983 s.125D(2) asks for the council of ordinary
-- residence).
CREATE TABLE organisations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('council', 'icb')),
    name       text NOT NULL,
    code       text NOT NULL DEFAULT '',
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to > valid_from),
    version    bigint NOT NULL DEFAULT 1
);
INSERT INTO organisations (kind, name, valid_from, valid_to)
VALUES ('council', 'Essex', '1974-04-01', NULL),
       ('council', 'Southend', '1998-04-01', NULL),
       ('council', 'Thurrock', '1998-04-01', NULL),
       ('council', 'another council', '1974-04-01', NULL),
       ('icb', 'NHS Suffolk and North East Essex', '2022-07-01', '2026-04-01'),
       ('icb', 'NHS Mid and South Essex', '2022-07-01', '2026-04-01'),
       ('icb', 'NHS Hertfordshire and West Essex', '2022-07-01', '2026-04-01'),
       ('icb', 'the integrated care board for Essex', '2026-04-01', NULL),
       ('icb', 'another integrated care board', '2022-07-01', NULL);

-- Which of them answers for a person, from a day on; the newest of a kind counts.
CREATE TABLE responsible (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id         bigint NOT NULL REFERENCES cases,
    organisation_id bigint NOT NULL REFERENCES organisations,
    from_day        date NOT NULL,
    why             text NOT NULL,
    by_user         bigint NOT NULL CHECK (by_user <> 0),
    at              timestamptz NOT NULL
);
CREATE INDEX responsible_case ON responsible (case_id);

-- What was told to whom and on what basis, and when they were told to stop.
ALTER TABLE shares
    ADD COLUMN why text NOT NULL DEFAULT '',
    ADD COLUMN stopped_at timestamptz,
    ADD COLUMN stopped_why text NOT NULL DEFAULT '',
    ADD COLUMN told_at timestamptz;
CREATE INDEX shares_case ON shares (case_id);

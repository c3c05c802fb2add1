-- +goose Up
-- Two cases of one person: who proposed it, who looked too, and what was moved,
-- so that it can be undone.
CREATE TABLE merges (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id      bigint NOT NULL REFERENCES cases,
    into_case    bigint NOT NULL REFERENCES cases,
    proposed_by  bigint NOT NULL CHECK (proposed_by <> 0),
    proposed_at  timestamptz NOT NULL,
    confirmed_by bigint CHECK (confirmed_by <> proposed_by),
    done_at      timestamptz,
    undone_by    bigint,
    undone_at    timestamptz,
    referrals    bigint[] NOT NULL DEFAULT '{}',
    CHECK (case_id <> into_case),
    CHECK ((confirmed_by IS NULL) = (done_at IS NULL))
);
CREATE INDEX merges_case ON merges (case_id);
CREATE INDEX merges_into ON merges (into_case);

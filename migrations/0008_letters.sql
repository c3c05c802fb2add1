-- +goose Up
-- A letter goes by email or by post, may hold words that staff wrote for it
-- alone, and may correct one that left before.
ALTER TABLE letters
    ADD COLUMN way       text NOT NULL DEFAULT 'email' CHECK (way IN ('email', 'post')),
    ADD COLUMN typed     jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN replaces  bigint REFERENCES letters,
    ADD COLUMN posted_by bigint,
    ADD CHECK (state <> 'posted' OR way = 'post' AND posted_by IS NOT NULL AND approved_by IS NOT NULL);

-- The team's own wording of a template or of a part that several share. Versions
-- are only added. A version is in force once a person approved it and until a
-- later one is; what was shipped serves where there is none.
CREATE TABLE wordings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file        text NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    source      text NOT NULL,
    note        text NOT NULL DEFAULT '',
    made_by     bigint NOT NULL CHECK (made_by <> 0),
    made_at     timestamptz NOT NULL,
    read_by     text NOT NULL DEFAULT '',
    read_on     date,
    approved_by bigint CHECK (approved_by <> 0),
    approved_at timestamptz,
    UNIQUE (file, version),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (read_on IS NULL OR read_by <> '')
);

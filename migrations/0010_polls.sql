-- +goose Up
-- How the reading of each folder goes. The rows are those of the settings, made
-- when the service starts: a mailbox that never let us in is seen as well, and
-- one that is read no more is not missed.
CREATE TABLE polls (
    account       text NOT NULL,
    folder        text NOT NULL,
    watched_at    timestamptz NOT NULL,
    last_good     timestamptz,
    on_server     integer NOT NULL DEFAULT 0,
    trouble       text NOT NULL DEFAULT '',
    trouble_since timestamptz,
    remark        text NOT NULL DEFAULT '',
    PRIMARY KEY (account, folder)
);

INSERT INTO polls (account, folder, watched_at, last_good, on_server, trouble, trouble_since)
SELECT DISTINCT ON (account, folder) account, folder, first_seen_at, last_good_poll, on_server, trouble, trouble_since
FROM folders
ORDER BY account, folder, id DESC;

-- Every UID below accounted_to was listed or is accounted for as gone before
-- anybody could read it; 0 until the first list. A mail at or above start_uid
-- came after the first connection, whatever date it bears; 0 is not known.
ALTER TABLE folders
    DROP COLUMN last_good_poll,
    DROP COLUMN on_server,
    DROP COLUMN trouble,
    DROP COLUMN trouble_since,
    ADD COLUMN accounted_to bigint NOT NULL DEFAULT 0,
    ADD COLUMN start_uid bigint NOT NULL DEFAULT 0;

CREATE INDEX messages_message_id ON messages (message_id) WHERE message_id <> '';

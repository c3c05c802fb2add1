-- +goose Up

-- The page of one mail tells what happened to it; without this every look would
-- read the whole log.
CREATE INDEX events_message ON events (message_id, id) WHERE message_id IS NOT NULL;

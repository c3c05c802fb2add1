-- +goose Up
-- Which program hands a letter over: the letter of a program that died is found
-- by its lease that ran out, and that of a slow mail host is left alone.
ALTER TABLE letters ADD COLUMN sending_by text NOT NULL DEFAULT '';

-- When nobody can know whether a letter left and looking for it ended: since
-- when a person is asked, or, for a fixed reply, since when it is let be.
ALTER TABLE letters ADD COLUMN asked_at timestamptz;

-- What a mail host takes in a minute goes by real time, whatever clock the
-- letters themselves go by.
ALTER TABLE letter_attempts ADD COLUMN claimed_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX letter_attempts_claimed ON letter_attempts (claimed_at);

-- +goose Up
-- What a child says where somebody else answers, and what a practitioner and
-- the manager settled where those with parental responsibility disagree.
ALTER TABLE consents
    ADD COLUMN child_view text NOT NULL DEFAULT '',
    ADD COLUMN settles boolean NOT NULL DEFAULT false;

-- +goose Up

-- Pages of PDF files and photographs as pictures, so that staff see a file
-- without opening it. They are drawn after the mail was settled; a file that
-- cannot be drawn has none, and nothing else waits for it.
CREATE TABLE document_pictures (
    document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
    page        integer NOT NULL CHECK (page >= 1),
    type        text NOT NULL CHECK (type IN ('image/png', 'image/jpeg')),
    width       integer NOT NULL,
    height      integer NOT NULL,
    object_id   bigint NOT NULL REFERENCES objects,
    PRIMARY KEY (document_id, page)
);

ALTER TABLE documents
    ADD COLUMN draw_at timestamptz DEFAULT now(), -- null: drawn, or given up
    ADD COLUMN draw_tries integer NOT NULL DEFAULT 0;

CREATE INDEX documents_to_draw ON documents (draw_at) WHERE draw_at IS NOT NULL;

BEGIN IMMEDIATE;

-- Copies (NĐ 30/2020 Đ25) are numbered documents of this office too: "sao-y", "sao-luc", "trich-sao"; NULL: no copy.
ALTER TABLE document ADD COLUMN copy TEXT;
DROP INDEX document_out_source;
CREATE UNIQUE INDEX document_out_source ON document (source_sha256, COALESCE(copy, '')) WHERE direction = 'out';

-- What the clerk gave, before the office signed it as an annex.
ALTER TABLE attachment ADD COLUMN source_sha256 TEXT;

PRAGMA user_version = 2;
COMMIT;

BEGIN IMMEDIATE;

-- Signers' certificates that came with a document, under an authority we trust, before anybody said whose they are.
-- Agency and role are guesses until a person confirms them; then the row moves to certificate.
CREATE TABLE sighting (
  fingerprint TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  issuer      TEXT NOT NULL,
  not_after   TEXT NOT NULL,
  agency      TEXT,
  role        TEXT NOT NULL CHECK (role IN ('person', 'organisation')),
  document    INTEGER NOT NULL REFERENCES document (id),
  seen_at     TEXT NOT NULL
) STRICT;

-- Copies of a document's file with a later archive time stamp (PAdES B-LTA); the document's own bytes stay what they are.
CREATE TABLE renewal (
  id       INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document (id),
  sha256   TEXT NOT NULL,
  made_at  TEXT NOT NULL
) STRICT;
CREATE INDEX renewal_document ON renewal (document);

PRAGMA user_version = 3;
COMMIT;

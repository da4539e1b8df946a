-- SQLite changes a CHECK only by making the table anew; its references are looked at before the COMMIT.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;

-- Letters now also ask documents back and remind of them. Those to many agencies share one body in the cabinet, `head` is what
-- differs; head and body together are what is sent. `due`: not to be tried before then (RFC 5321 4.5.4.1).
CREATE TABLE delivery_4 (
  id         INTEGER PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('document', 'answer', 'recall', 'reminder')),
  document   INTEGER NOT NULL REFERENCES document (id),
  agency     TEXT,
  channel    TEXT NOT NULL,
  address    TEXT NOT NULL,
  message_id TEXT NOT NULL UNIQUE,
  head       BLOB NOT NULL,
  letter     TEXT NOT NULL,        -- SHA-256 of the body, or of the whole where head is empty
  state      TEXT NOT NULL,
  at         TEXT NOT NULL,
  answer     TEXT,
  attempts   INTEGER NOT NULL DEFAULT 0,
  due        TEXT,
  code       TEXT                  -- of an answer: the edXML status it tells (01, 02, 03, 15, 16)
) STRICT;
INSERT INTO delivery_4 (id, purpose, document, agency, channel, address, message_id, head, letter, state, at, answer)
  SELECT id, purpose, document, agency, channel, address, message_id, x'', letter, state, at, answer FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_4 RENAME TO delivery;
CREATE INDEX delivery_document ON delivery (document);
CREATE INDEX delivery_state ON delivery (state);

-- What a message says, whatever the servers on the way wrote on it: the same letter delivered twice has two SHA-256, one content.
ALTER TABLE message ADD COLUMN content TEXT;
CREATE INDEX message_content ON message (content);

-- What a file that came along is, by its content ("pdf", "program" …); NULL: not looked at.
ALTER TABLE attachment ADD COLUMN kind TEXT;

-- Documents asked back: by us, and of us. What is kept of a recall (NĐ 30/2020 Phụ lục VI III.8.c).
CREATE TABLE recall (
  id         INTEGER PRIMARY KEY,
  document   INTEGER NOT NULL REFERENCES document (id),
  message    INTEGER REFERENCES message (id),     -- the notice, of one asked of us
  state      TEXT NOT NULL CHECK (state IN ('asked', 'agreed', 'declined')),
  reason     TEXT NOT NULL,
  at         TEXT NOT NULL,
  settled_at TEXT,
  UNIQUE (document, message)
) STRICT;

-- Files of the cabinet that were destroyed on purpose: gone, not missing.
CREATE TABLE destroyed (
  sha256   TEXT PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document (id),
  at       TEXT NOT NULL
) STRICT;

-- A mailbox whose password was refused is left alone for a while: accounts lock.
CREATE TABLE pause (
  account  TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  until    TEXT NOT NULL
) STRICT;

PRAGMA user_version = 4;
COMMIT;
PRAGMA foreign_keys = ON;

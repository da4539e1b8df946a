BEGIN IMMEDIATE;

-- What happened, in order. Only ever added to; each row carries the hash of the one before it.
-- Holds ids, numbers and hashes, never the subject of a document that might turn out to be secret.
CREATE TABLE event (
  id      INTEGER PRIMARY KEY,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  data    TEXT NOT NULL,
  prev    TEXT NOT NULL,
  hash    TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX event_subject ON event (subject);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

CREATE TABLE document (
  id             INTEGER PRIMARY KEY,
  direction      TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  state          TEXT NOT NULL,
  file           TEXT,
  source_sha256  TEXT,             -- outgoing: the file as the clerk gave it
  signed_sha256  TEXT,             -- outgoing: as the leader signed it
  sha256         TEXT,             -- outgoing: numbered and sealed; incoming: as received
  number         INTEGER,
  symbol         TEXT,
  day            TEXT,
  agency         TEXT,             -- issuing agency as printed
  agency_code    TEXT,             -- the same in the directory
  doc_type       TEXT,
  subject        TEXT,
  signer         TEXT,
  urgency        TEXT,
  session        TEXT,
  arrival_number INTEGER,
  arrived_at     TEXT NOT NULL,    -- incoming: on the server; outgoing: numbered
  sender         TEXT,
  verdict        TEXT,
  fields         TEXT NOT NULL DEFAULT '{}',
  judgement      TEXT NOT NULL DEFAULT '{}',
  flags          TEXT NOT NULL DEFAULT '[]',
  reason         TEXT,             -- why a person accepted or refused it
  folded         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX document_out_source ON document (source_sha256) WHERE direction = 'out';
CREATE INDEX document_sha ON document (sha256);
CREATE INDEX document_number ON document (number, symbol);
CREATE INDEX document_state ON document (direction, state);

-- Numbers taken. A number belongs to one document for ever.
CREATE TABLE number (
  book     TEXT NOT NULL CHECK (book IN ('den', 'di')),
  series   TEXT NOT NULL,
  value    INTEGER NOT NULL CHECK (value > 0),
  document INTEGER NOT NULL REFERENCES document (id),
  PRIMARY KEY (book, series, value)
) STRICT;
CREATE UNIQUE INDEX number_document ON number (document);
CREATE TRIGGER number_no_update BEFORE UPDATE ON number BEGIN SELECT RAISE(ABORT, 'a number taken stays'); END;
CREATE TRIGGER number_no_delete BEFORE DELETE ON number BEGIN SELECT RAISE(ABORT, 'a number taken stays'); END;

-- Files that came with, or go with, a document beside itself.
CREATE TABLE attachment (
  document INTEGER NOT NULL REFERENCES document (id),
  sha256   TEXT NOT NULL,
  file     TEXT NOT NULL,
  PRIMARY KEY (document, sha256)
) STRICT;

-- Messages taken from a channel. `origin` is the identity on the server: uidvalidity.uid.
CREATE TABLE message (
  id          INTEGER PRIMARY KEY,
  channel     TEXT NOT NULL,
  origin      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('document', 'receipt', 'other', 'quarantined')),
  sender      TEXT,
  received_at TEXT NOT NULL,
  size        INTEGER NOT NULL,
  message_id  TEXT,
  sha256      TEXT,
  reason      TEXT,
  marked      INTEGER NOT NULL DEFAULT 0,
  UNIQUE (channel, origin)
) STRICT;
CREATE INDEX message_sha ON message (sha256);

-- One document may arrive more than once: again, or over the other network.
CREATE TABLE arrival (
  document INTEGER NOT NULL REFERENCES document (id),
  message  INTEGER NOT NULL REFERENCES message (id),
  PRIMARY KEY (document, message)
) STRICT;

-- What goes out, one row for each recipient: documents, and answers about documents that came.
CREATE TABLE delivery (
  id         INTEGER PRIMARY KEY,
  purpose    TEXT NOT NULL CHECK (purpose IN ('document', 'answer')),
  document   INTEGER NOT NULL REFERENCES document (id),
  agency     TEXT,
  channel    TEXT NOT NULL,
  address    TEXT NOT NULL,
  message_id TEXT NOT NULL UNIQUE,
  letter     TEXT NOT NULL,
  state      TEXT NOT NULL,
  at         TEXT NOT NULL,
  answer     TEXT,
  UNIQUE (document, purpose, address, message_id)
) STRICT;
CREATE INDEX delivery_document ON delivery (document);
CREATE INDEX delivery_state ON delivery (state);

-- Answers of others about what we sent.
CREATE TABLE receipt (
  id       INTEGER PRIMARY KEY,
  delivery INTEGER NOT NULL REFERENCES delivery (id),
  message  INTEGER NOT NULL REFERENCES message (id),
  kind     TEXT NOT NULL CHECK (kind IN ('status', 'dsn', 'mdn', 'reply')),
  state    TEXT NOT NULL,
  detail   TEXT,
  UNIQUE (delivery, message)
) STRICT;

CREATE TABLE paper (
  id         INTEGER PRIMARY KEY,
  document   INTEGER NOT NULL REFERENCES document (id),
  agency     TEXT NOT NULL,
  copies     INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  settled_at TEXT,
  UNIQUE (document, agency)
) STRICT;

CREATE TABLE agency (
  code       TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  parent     TEXT,
  symbol     TEXT,
  identifier TEXT,
  wan        TEXT,
  internet   TEXT,
  valid_from TEXT,
  valid_to   TEXT,
  successor  TEXT,
  folded     TEXT NOT NULL
) STRICT;

-- Whose certificate is whose; a person of our own agency here is authorised to sign for it.
CREATE TABLE certificate (
  fingerprint TEXT PRIMARY KEY,
  agency      TEXT NOT NULL REFERENCES agency (code),
  role        TEXT NOT NULL CHECK (role IN ('person', 'organisation')),
  name        TEXT NOT NULL,
  not_after   TEXT NOT NULL
) STRICT;

PRAGMA user_version = 1;
COMMIT;

-- Tables are made anew, so references are looked at before the COMMIT, which book.py does once it has entered what every row is.
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;

-- AUTOINCREMENT remembers the last id ever given: an event cut off at the end leaves a trace (register audit).
CREATE TABLE event_5 (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  who     TEXT NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  data    TEXT NOT NULL,
  prev    TEXT NOT NULL,
  hash    TEXT NOT NULL
) STRICT;
INSERT INTO event_5 SELECT id, at, who, kind, subject, data, prev, hash FROM event ORDER BY id;
DROP TABLE event;
ALTER TABLE event_5 RENAME TO event;
CREATE INDEX event_subject ON event (subject);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- The rest of the columns of the books (NĐ 30/2020 Phụ lục IV) and of Phụ lục VI Phần II. Days are ISO.
ALTER TABLE document ADD COLUMN medium TEXT NOT NULL DEFAULT 'electronic' CHECK (medium IN ('electronic', 'paper'));
ALTER TABLE document ADD COLUMN signer_title TEXT;
ALTER TABLE document ADD COLUMN pages INTEGER;
ALTER TABLE document ADD COLUMN language TEXT;
ALTER TABLE document ADD COLUMN places TEXT;       -- outgoing: nơi nhận; incoming: đơn vị hoặc người nhận
ALTER TABLE document ADD COLUMN keeper TEXT;       -- who keeps the office's own copy
ALTER TABLE document ADD COLUMN copies INTEGER;    -- số lượng bản
ALTER TABLE document ADD COLUMN passed_on TEXT;    -- ngày chuyển
ALTER TABLE document ADD COLUMN due TEXT;          -- incoming: thời hạn giải quyết; outgoing: hạn trả lời
ALTER TABLE document ADD COLUMN progress TEXT;
ALTER TABLE document ADD COLUMN done_on TEXT;
ALTER TABLE document ADD COLUMN note TEXT;
-- Goes into the digest of the row, and is replaced when the row is blanked: then nobody can try guesses of a secret on old digests.
ALTER TABLE document ADD COLUMN salt TEXT NOT NULL DEFAULT '';
CREATE INDEX document_arrived ON document (arrived_at);
CREATE INDEX document_arrival ON document (arrival_number) WHERE arrival_number IS NOT NULL;
CREATE INDEX document_due ON document (due) WHERE due IS NOT NULL;

-- Numbers taken; without a document: reserved for a secret one, of which nothing else is kept here.
CREATE TABLE number_5 (
  book     TEXT NOT NULL CHECK (book IN ('den', 'di')),
  series   TEXT NOT NULL,
  value    INTEGER NOT NULL CHECK (value > 0),
  document INTEGER REFERENCES document (id),
  PRIMARY KEY (book, series, value)
) STRICT;
INSERT INTO number_5 SELECT book, series, value, document FROM number;
DROP TABLE number;
ALTER TABLE number_5 RENAME TO number;
CREATE UNIQUE INDEX number_document ON number (document);
CREATE TRIGGER number_no_update BEFORE UPDATE ON number BEGIN SELECT RAISE(ABORT, 'a number taken stays'); END;
CREATE TRIGGER number_no_delete BEFORE DELETE ON number BEGIN SELECT RAISE(ABORT, 'a number taken stays'); END;

-- A sequence that began before this register: its first number here. Those before it stand in the office's old book.
CREATE TABLE beginning (
  book   TEXT NOT NULL CHECK (book IN ('den', 'di')),
  series TEXT NOT NULL,
  value  INTEGER NOT NULL CHECK (value > 0),
  PRIMARY KEY (book, series)
) STRICT;

-- What was written over, and why. The event beside it holds no words; these are emptied when a document is blanked.
CREATE TABLE amendment (
  id       INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document (id),
  field    TEXT NOT NULL,
  before   TEXT,
  after    TEXT,
  reason   TEXT,
  at       TEXT NOT NULL,
  who      TEXT NOT NULL,
  salt     TEXT NOT NULL
) STRICT;
CREATE INDEX amendment_document ON amendment (document);

-- Document and document: an answer and its question, what corrects or replaces and what is corrected or replaced, annex and main.
CREATE TABLE link (
  document INTEGER NOT NULL REFERENCES document (id),
  kind     TEXT NOT NULL CHECK (kind IN ('answers', 'corrects', 'replaces', 'annex-of')),
  other    INTEGER NOT NULL REFERENCES document (id),
  at       TEXT NOT NULL,
  PRIMARY KEY (document, kind, other)
) STRICT;
CREATE INDEX link_other ON link (other);

-- Paper originals printed from the electronic one (Đ18.5); envelopes given to the post; kept copies lent (Phụ lục IV III, IV).
CREATE TABLE printing (
  id       INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document (id),
  copies   INTEGER NOT NULL CHECK (copies > 0),
  place    TEXT,
  at       TEXT NOT NULL,
  who      TEXT NOT NULL
) STRICT;
CREATE INDEX printing_document ON printing (document);
CREATE TABLE posting (
  id        INTEGER PRIMARY KEY,
  document  INTEGER NOT NULL REFERENCES document (id),
  place     TEXT NOT NULL,
  envelopes INTEGER NOT NULL CHECK (envelopes > 0),
  day       TEXT NOT NULL,
  note      TEXT
) STRICT;
CREATE INDEX posting_document ON posting (document);
CREATE TABLE loan (
  id        INTEGER PRIMARY KEY,
  document  INTEGER NOT NULL REFERENCES document (id),
  day       TEXT NOT NULL,
  borrower  TEXT NOT NULL,
  permitted TEXT NOT NULL,
  returned  TEXT,
  note      TEXT
) STRICT;
CREATE INDEX loan_document ON loan (document);

-- Dossiers (Đ28-31): documents of one matter or session; a document may lie in several.
CREATE TABLE dossier (
  id        INTEGER PRIMARY KEY,
  code      TEXT NOT NULL,         -- begins again at 01 with each year's list of dossiers (Phụ lục V)
  title     TEXT NOT NULL,
  year      INTEGER NOT NULL,
  retention TEXT NOT NULL,         -- "Vĩnh viễn" or a number of years
  rights    TEXT,
  creator   TEXT,
  language  TEXT,
  session   INTEGER NOT NULL DEFAULT 0 CHECK (session IN (0, 1)),
  state     TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'handed-over')),
  started   TEXT NOT NULL,
  ended     TEXT,
  keywords  TEXT,
  note      TEXT,
  salt      TEXT NOT NULL,
  UNIQUE (year, code)
) STRICT;
CREATE TABLE filing (
  dossier  INTEGER NOT NULL REFERENCES dossier (id),
  document INTEGER NOT NULL REFERENCES document (id),
  at       TEXT NOT NULL,
  PRIMARY KEY (dossier, document)
) STRICT;
CREATE INDEX filing_document ON filing (document);

-- Days closed: what the file in closings/ says, and its SHA-256.
CREATE TABLE closing (
  id          INTEGER PRIMARY KEY,
  day         TEXT NOT NULL,
  last_event  INTEGER NOT NULL,
  head        TEXT NOT NULL,
  sha256      TEXT NOT NULL,
  at          TEXT NOT NULL,
  reopened_at TEXT
) STRICT;
CREATE INDEX closing_day ON closing (day);

-- The text of documents (zlib, UTF-8), and the index of all words (register/indexing.py). `folded` is what of a row is indexed.
CREATE TABLE body (
  document INTEGER PRIMARY KEY REFERENCES document (id),
  text     BLOB NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5 (name, agency, field, body, content='', detail=column, tokenize="ascii");

-- Every row that a step changes is told to `touched`, a function of book.py, which enters the row's digest in an event of that step.
-- A program that lacks the function cannot write here.
CREATE TRIGGER document_i AFTER INSERT ON document BEGIN SELECT touched('document', NEW.id, NEW.rowid); END;
CREATE TRIGGER document_u AFTER UPDATE OF id, direction, state, file, source_sha256, signed_sha256, sha256, number, symbol, day, agency, agency_code, doc_type, subject, signer, urgency, session, arrival_number, arrived_at, sender, verdict, fields, judgement, flags, reason, copy, medium, signer_title, pages, language, places, keeper, copies, passed_on, due, progress, done_on, note, salt ON document BEGIN SELECT touched('document', NEW.id, NEW.rowid); END;
CREATE TRIGGER document_d AFTER DELETE ON document BEGIN SELECT touched('document', OLD.id, OLD.rowid); END;
CREATE TRIGGER number_i AFTER INSERT ON number BEGIN SELECT touched('number', NEW.book || '/' || NEW.series || '/' || NEW.value, NEW.rowid); END;
CREATE TRIGGER beginning_i AFTER INSERT ON beginning BEGIN SELECT touched('beginning', NEW.book || '/' || NEW.series, NEW.rowid); END;
CREATE TRIGGER beginning_u AFTER UPDATE ON beginning BEGIN SELECT touched('beginning', OLD.book || '/' || OLD.series, OLD.rowid); SELECT touched('beginning', NEW.book || '/' || NEW.series, NEW.rowid); END;
CREATE TRIGGER beginning_d AFTER DELETE ON beginning BEGIN SELECT touched('beginning', OLD.book || '/' || OLD.series, OLD.rowid); END;
CREATE TRIGGER attachment_i AFTER INSERT ON attachment BEGIN SELECT touched('attachment', NEW.document || '/' || NEW.sha256, NEW.rowid); END;
CREATE TRIGGER attachment_u AFTER UPDATE ON attachment BEGIN SELECT touched('attachment', OLD.document || '/' || OLD.sha256, OLD.rowid); SELECT touched('attachment', NEW.document || '/' || NEW.sha256, NEW.rowid); END;
CREATE TRIGGER attachment_d AFTER DELETE ON attachment BEGIN SELECT touched('attachment', OLD.document || '/' || OLD.sha256, OLD.rowid); END;
CREATE TRIGGER message_i AFTER INSERT ON message BEGIN SELECT touched('message', NEW.id, NEW.rowid); END;
CREATE TRIGGER message_u AFTER UPDATE OF channel, origin, state, sender, received_at, size, message_id, sha256, reason, content ON message BEGIN SELECT touched('message', NEW.id, NEW.rowid); END;
CREATE TRIGGER message_d AFTER DELETE ON message BEGIN SELECT touched('message', OLD.id, OLD.rowid); END;
CREATE TRIGGER arrival_i AFTER INSERT ON arrival BEGIN SELECT touched('arrival', NEW.document || '/' || NEW.message, NEW.rowid); END;
CREATE TRIGGER arrival_u AFTER UPDATE ON arrival BEGIN SELECT touched('arrival', OLD.document || '/' || OLD.message, OLD.rowid); SELECT touched('arrival', NEW.document || '/' || NEW.message, NEW.rowid); END;
CREATE TRIGGER arrival_d AFTER DELETE ON arrival BEGIN SELECT touched('arrival', OLD.document || '/' || OLD.message, OLD.rowid); END;
CREATE TRIGGER delivery_i AFTER INSERT ON delivery BEGIN SELECT touched('delivery', NEW.id, NEW.rowid); END;
CREATE TRIGGER delivery_u AFTER UPDATE ON delivery BEGIN SELECT touched('delivery', NEW.id, NEW.rowid); END;
CREATE TRIGGER delivery_d AFTER DELETE ON delivery BEGIN SELECT touched('delivery', OLD.id, OLD.rowid); END;
CREATE TRIGGER receipt_i AFTER INSERT ON receipt BEGIN SELECT touched('receipt', NEW.id, NEW.rowid); END;
CREATE TRIGGER receipt_u AFTER UPDATE ON receipt BEGIN SELECT touched('receipt', NEW.id, NEW.rowid); END;
CREATE TRIGGER receipt_d AFTER DELETE ON receipt BEGIN SELECT touched('receipt', OLD.id, OLD.rowid); END;
CREATE TRIGGER paper_i AFTER INSERT ON paper BEGIN SELECT touched('paper', NEW.id, NEW.rowid); END;
CREATE TRIGGER paper_u AFTER UPDATE ON paper BEGIN SELECT touched('paper', NEW.id, NEW.rowid); END;
CREATE TRIGGER paper_d AFTER DELETE ON paper BEGIN SELECT touched('paper', OLD.id, OLD.rowid); END;
CREATE TRIGGER agency_i AFTER INSERT ON agency BEGIN SELECT touched('agency', NEW.code, NEW.rowid); END;
CREATE TRIGGER agency_u AFTER UPDATE ON agency BEGIN SELECT touched('agency', OLD.code, OLD.rowid); SELECT touched('agency', NEW.code, NEW.rowid); END;
CREATE TRIGGER agency_d AFTER DELETE ON agency BEGIN SELECT touched('agency', OLD.code, OLD.rowid); END;
CREATE TRIGGER certificate_i AFTER INSERT ON certificate BEGIN SELECT touched('certificate', NEW.fingerprint, NEW.rowid); END;
CREATE TRIGGER certificate_u AFTER UPDATE ON certificate BEGIN SELECT touched('certificate', OLD.fingerprint, OLD.rowid); SELECT touched('certificate', NEW.fingerprint, NEW.rowid); END;
CREATE TRIGGER certificate_d AFTER DELETE ON certificate BEGIN SELECT touched('certificate', OLD.fingerprint, OLD.rowid); END;
CREATE TRIGGER sighting_i AFTER INSERT ON sighting BEGIN SELECT touched('sighting', NEW.fingerprint, NEW.rowid); END;
CREATE TRIGGER sighting_u AFTER UPDATE ON sighting BEGIN SELECT touched('sighting', OLD.fingerprint, OLD.rowid); SELECT touched('sighting', NEW.fingerprint, NEW.rowid); END;
CREATE TRIGGER sighting_d AFTER DELETE ON sighting BEGIN SELECT touched('sighting', OLD.fingerprint, OLD.rowid); END;
CREATE TRIGGER renewal_i AFTER INSERT ON renewal BEGIN SELECT touched('renewal', NEW.id, NEW.rowid); END;
CREATE TRIGGER renewal_u AFTER UPDATE ON renewal BEGIN SELECT touched('renewal', NEW.id, NEW.rowid); END;
CREATE TRIGGER renewal_d AFTER DELETE ON renewal BEGIN SELECT touched('renewal', OLD.id, OLD.rowid); END;
CREATE TRIGGER recall_i AFTER INSERT ON recall BEGIN SELECT touched('recall', NEW.id, NEW.rowid); END;
CREATE TRIGGER recall_u AFTER UPDATE ON recall BEGIN SELECT touched('recall', NEW.id, NEW.rowid); END;
CREATE TRIGGER recall_d AFTER DELETE ON recall BEGIN SELECT touched('recall', OLD.id, OLD.rowid); END;
CREATE TRIGGER destroyed_i AFTER INSERT ON destroyed BEGIN SELECT touched('destroyed', NEW.sha256, NEW.rowid); END;
CREATE TRIGGER destroyed_u AFTER UPDATE ON destroyed BEGIN SELECT touched('destroyed', OLD.sha256, OLD.rowid); SELECT touched('destroyed', NEW.sha256, NEW.rowid); END;
CREATE TRIGGER destroyed_d AFTER DELETE ON destroyed BEGIN SELECT touched('destroyed', OLD.sha256, OLD.rowid); END;
CREATE TRIGGER amendment_i AFTER INSERT ON amendment BEGIN SELECT touched('amendment', NEW.id, NEW.rowid); END;
CREATE TRIGGER amendment_u AFTER UPDATE ON amendment BEGIN SELECT touched('amendment', NEW.id, NEW.rowid); END;
CREATE TRIGGER amendment_d AFTER DELETE ON amendment BEGIN SELECT touched('amendment', OLD.id, OLD.rowid); END;
CREATE TRIGGER link_i AFTER INSERT ON link BEGIN SELECT touched('link', NEW.document || '/' || NEW.kind || '/' || NEW.other, NEW.rowid); END;
CREATE TRIGGER link_u AFTER UPDATE ON link BEGIN SELECT touched('link', OLD.document || '/' || OLD.kind || '/' || OLD.other, OLD.rowid); SELECT touched('link', NEW.document || '/' || NEW.kind || '/' || NEW.other, NEW.rowid); END;
CREATE TRIGGER link_d AFTER DELETE ON link BEGIN SELECT touched('link', OLD.document || '/' || OLD.kind || '/' || OLD.other, OLD.rowid); END;
CREATE TRIGGER printing_i AFTER INSERT ON printing BEGIN SELECT touched('printing', NEW.id, NEW.rowid); END;
CREATE TRIGGER printing_u AFTER UPDATE ON printing BEGIN SELECT touched('printing', NEW.id, NEW.rowid); END;
CREATE TRIGGER printing_d AFTER DELETE ON printing BEGIN SELECT touched('printing', OLD.id, OLD.rowid); END;
CREATE TRIGGER posting_i AFTER INSERT ON posting BEGIN SELECT touched('posting', NEW.id, NEW.rowid); END;
CREATE TRIGGER posting_u AFTER UPDATE ON posting BEGIN SELECT touched('posting', NEW.id, NEW.rowid); END;
CREATE TRIGGER posting_d AFTER DELETE ON posting BEGIN SELECT touched('posting', OLD.id, OLD.rowid); END;
CREATE TRIGGER loan_i AFTER INSERT ON loan BEGIN SELECT touched('loan', NEW.id, NEW.rowid); END;
CREATE TRIGGER loan_u AFTER UPDATE ON loan BEGIN SELECT touched('loan', NEW.id, NEW.rowid); END;
CREATE TRIGGER loan_d AFTER DELETE ON loan BEGIN SELECT touched('loan', OLD.id, OLD.rowid); END;
CREATE TRIGGER dossier_i AFTER INSERT ON dossier BEGIN SELECT touched('dossier', NEW.id, NEW.rowid); END;
CREATE TRIGGER dossier_u AFTER UPDATE ON dossier BEGIN SELECT touched('dossier', NEW.id, NEW.rowid); END;
CREATE TRIGGER dossier_d AFTER DELETE ON dossier BEGIN SELECT touched('dossier', OLD.id, OLD.rowid); END;
CREATE TRIGGER filing_i AFTER INSERT ON filing BEGIN SELECT touched('filing', NEW.dossier || '/' || NEW.document, NEW.rowid); END;
CREATE TRIGGER filing_u AFTER UPDATE ON filing BEGIN SELECT touched('filing', OLD.dossier || '/' || OLD.document, OLD.rowid); SELECT touched('filing', NEW.dossier || '/' || NEW.document, NEW.rowid); END;
CREATE TRIGGER filing_d AFTER DELETE ON filing BEGIN SELECT touched('filing', OLD.dossier || '/' || OLD.document, OLD.rowid); END;
CREATE TRIGGER closing_i AFTER INSERT ON closing BEGIN SELECT touched('closing', NEW.id, NEW.rowid); END;
CREATE TRIGGER closing_u AFTER UPDATE ON closing BEGIN SELECT touched('closing', NEW.id, NEW.rowid); END;
CREATE TRIGGER closing_d AFTER DELETE ON closing BEGIN SELECT touched('closing', OLD.id, OLD.rowid); END;
CREATE TRIGGER body_i AFTER INSERT ON body BEGIN SELECT touched('body', NEW.document, NEW.rowid); END;
CREATE TRIGGER body_u AFTER UPDATE ON body BEGIN SELECT touched('body', NEW.document, NEW.rowid); END;
CREATE TRIGGER body_d AFTER DELETE ON body BEGIN SELECT touched('body', OLD.document, OLD.rowid); END;

-- What is there already: every row gets its digest, every document its words.
UPDATE document SET salt = lower(hex(randomblob(8))), folded = '';
SELECT touched('number', book || '/' || series || '/' || value, rowid) FROM number;
SELECT touched('attachment', document || '/' || sha256, rowid) FROM attachment;
SELECT touched('message', id, rowid) FROM message;
SELECT touched('arrival', document || '/' || message, rowid) FROM arrival;
SELECT touched('delivery', id, rowid) FROM delivery;
SELECT touched('receipt', id, rowid) FROM receipt;
SELECT touched('paper', id, rowid) FROM paper;
SELECT touched('agency', code, rowid) FROM agency;
SELECT touched('certificate', fingerprint, rowid) FROM certificate;
SELECT touched('sighting', fingerprint, rowid) FROM sighting;
SELECT touched('renewal', id, rowid) FROM renewal;
SELECT touched('recall', id, rowid) FROM recall;
SELECT touched('destroyed', sha256, rowid) FROM destroyed;
PRAGMA user_version = 5;

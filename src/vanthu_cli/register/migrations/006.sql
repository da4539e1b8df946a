-- Who is reached through the national document axis: the identifier there. book.py commits, once it has entered what every row is.
BEGIN IMMEDIATE;
ALTER TABLE agency ADD COLUMN axis TEXT;
SELECT touched('agency', code, rowid) FROM agency;
PRAGMA user_version = 6;

"""`vanthu`: the command line with which a Vietnamese clerk (văn thư) signs, verifies, sends, fetches and registers documents.

The house. Rooms stand on floors, and an import may only go down (import-linter holds it; a new room is a decision):

    cli                     one file per command: parse, call one procedure, show, exit; app.py has the only `except`
    sandbox                 a whole practice office on one machine: PKI, mail servers, time stamping, documents, one day
    procedures              one procedure of clerical work per file: the only place that knows the ORDER of effects
    reports                 values to lines for a person and to the JSON of the contract
    reading signing validation register channels     five trades that do not know each other
    rules                   what the law says: numbering, secrecy marks, deadlines, paper, types
    config                  config.toml to frozen values, judged only when it changed; secrets
    document                what a document IS: number and symbol, fields, places on the page, life cycle, text
    errors                  every refusal, sorted by who can do something about it = the exit codes
    mended                  third-party libraries put right: what pyHanko and asn1crypto do too slowly
    locale                  the language of the sentences; English in the code, Vietnamese in vi.po

Who knows what. `register` holds every SQL statement and every durable file; `channels` every socket; `signing` and
`validation` every use of pyHanko; `reading` every use of pdfium. They meet only in `procedures`, as values.

Laws of effects. (1) Bytes before rows: a file is fsynced under its final name before a row names it. (2) One step, one short
transaction, one event; none is open across the network, a key or a question. (3) Intent before effect, answer after: Message-ID
and bytes of a letter are fixed and committed first; `sending` is committed right before DATA, so that only a death within
DATA leaves a letter UNSURE, which a person settles. (4) The mark on the server comes last. (5) A number belongs to a document:
taken in one transaction with it, kept through every retry, never reused. tests/procedures/killer.py ends fetch and issue after
each single step and compares the resumed office with one that was never killed.

What arrives lies first in data/intake under the name of its origin, a group of messages at a time (procedures/bring.py); while workers look
at one group the next one comes. Only when a worker has looked for secrecy marks does a message enter the cabinet, by a second name for the
same file; a secret is moved to data/quarantine and its row holds an envelope and nothing else. A group is one transaction, each message a part of
it that may fail alone (intake.py); where a message goes is decided by the rules of sorting.py, asked in order, and what a
document in it needs by arrive.py. Files from outside are parsed in
workers (examine.py), with limits of time and memory: a bomb costs one verdict. Letters themselves are cut by channels/parts.py, in linear time.

Exchange. A channel is four verbs (channels/channel.py), a mailbox, a folder or the axis. Letters to many agencies are one body in the cabinet and a head
in each row. What the server said and the next letter's intent are one transaction; copies for Sent are filed meanwhile. A folder's answers come
back as files, so writing a letter there is repeated until its answer is there; whether it was sent is the carrier's knowledge (carry.py, which has
no register). edXML packages (channels/edxml.py) are strangers' words: manifest.py weighs them against the page, sorting.py against signatures.
What a recall destroys stands in the table `destroyed`: gone, not missing.

The axis. channels/axis.py speaks as the government's SDK does; packages are written by edxml.py in canonical form already, so that what
is signed is what stands there, and read by edxml_reading.py in one pass that keeps nothing large; packaged.py makes of one what a letter is (Mail), so that
everything behind it knows no difference. Outgoing ones are procedures/packages.py: a head in each row, the files once in the cabinet, like letters. A
letter's Message-ID there is made of its bytes, by which `trace` finds it. Codes and which status may follow which are rules/edxml.toml. Large files are
paths from the channel to the worker; validation/xml_aside.py leaves long base64 where it lies. sandbox/axis.py is the adapter simulated, apart
from our client; axis_offices.py and axis_day.py are what is played there.

By itself. procedures/batch.py is the morning without a person: steps that keep each other from nothing, on a desk whose keys cannot be opened
(Kept.unattended) and whose `in_time` ends it between two pieces of work. Three small files beside the register tell of runs, not of documents:
register/lock.py (whose turn it is, which machine's folder it is), journal.py (what ran and how it ended), heartbeat.py (how the last mornings went).

The desk as a screen. cli/review_*.py (extra `tui`, Textual): each piece of work opens its own desk in its own thread, each key calls the procedure
that the command calls, and asks first what that would ask.

The books. Events are the chain; that all rows are what they were is in it too: triggers tell `Book.touched` which rows a step changes, and `finish`
enters their digests (register/rows.py) in an event of the same transaction. register/audit.py compares, on a copy too, with no configuration
and no key. A closed day (procedures/close_day.py) is a file that names the head of the chain, signed with the register's own key, which is
nobody's seal. Documents that turn out to be secret are blanked with their salt, so that no digest can be tried against guesses. Words are
indexed at the same place (register/indexing.py, the only one that knows FTS5): pairs of syllables, for one syllable says little. What a
clerk writes by hand is procedures/entry.py, amend.py and links.py; numbers are taken in register/numbers.py alone; the rules they keep are tables (rules/profiles/*.toml), dated, and an office's own file
goes before them. Printed forms are Vietnamese always; printed_books.py fills them, reports/books*.py draw them, on
what all PDFs (pages.py) and Excel files (workbook.py) of ours share.

Signing. Files are streams: the input is copied, the copy signed at its end, checked, fsynced, and only then given its name,
never over another (procedures/make.py); 120 MB are never in memory. A batch is first looked at as a whole (procedures/sign.py
plans, press.py drives), so that every refusal and warning comes before the one PIN; then it is signed, by several processes if
the key is a file. Keys are chosen by certificate and judged before any secret is asked for (procedures/keys.py): trust, dates,
purpose, revocation, ours. What is no PDF gets a CMS signature beside it, XML an XAdES one inside. Revocation data is fetched
from the hosts of [trust] hosts and from nowhere else (signing/evidence.py).

Judging. One recipe for every signature, numbered, with the clauses of ETSI EN 319 102-1 (validation/files.py): each judge (pdf, cms_files,
smime, xml_files, packages) finds out what a signature covers and whether it holds; proof.py says what it is worth at its proven time;
findings.py makes the verdict. validation opens no socket: a judgement says which certificates nobody vouches for, procedures/lookup.py asks
the hosts that are allowed, and the file is judged again. pictures.py draws what pyHanko's analysis permits, and believes its eyes.
Verdicts are kept for a day by all that they rest on (register/verdicts.py), never longer than until something of it ends. archive.py asks
the same judge at later moments: the first at which a document is no longer valid is its end.

Reading. Letters come from pdfium with their boxes (reading/letters.py), old fonts put into Unicode (legacy.py), and become lines by geometry
alone (lines.py): what is beside, turned or of another size is another line. header.py finds the head, agencies.py its names, subject.py type and
subject, signer.py the blocks at the end; fields.py gathers candidates with confidence and place, and tells as a field's value only one that is
sure and unrivalled. drawn.py shows it. A scan's text is recognised on a copy of pictures alone (procedures/recognise.py), never the file itself.

Issuing. The leader signs a prepared copy (empty fields: LanhDao, and LanhDao_2 for a second signer, SoVaNgay, ConDau); the
office signs the strip whose appearance draws number and date, then the seal. Real signatures, not form fields: nobody can
change 145 to 999 afterwards, and a receiver's arrival stamp breaks nothing. Files that go along are signed as annexes.
Everything that can refuse is asked before the number is taken (procedures/plan.py). Copies (sao y, sao lục, trích sao) are
numbered in their own sequence and signed by the organisation alone (procedures/copies.py).

Changed from the first plan: `tsa`, `trust`, `signing`, `accept`, `paper`, `holidays` of
the configuration have just the keys that do something. `[signing] level`, `[channels.NAME] smime` and `path`, `[accept] attachments` and the keys of
tokens and remote services stand beside the contract's; so do `sign --of`, `--detached`, `--without-timestamp`, `--passed-to`,
`--file-code`, `--password-from`, `--jobs`. Marks on the page are found in `reading` and drawn in `signing`; the value
that passes between them is `document.places`. The delivery state `sending` is ours beside the contract's: it is never shown
once a run has ended, the next run settles it. Events hold ids, numbers and hashes but no subjects, because a document may turn
out to be secret after it was entered. Beside the contract's options: `verify --content`, `--jobs`, `directory signers`, `directory confirm`,
`send --remind`, `register show --evidence`, `carry fetch --all`, `sign-send --answers/--corrects/--replaces`, `correct/replace --by`,
`inbox accept --to/--due`, `init --move-here`, `batch --print-…`, the global `--wait`, `--plain` and `--debug`, `directory add --axis`, `demo --axis`, `edxml show --out`; beside its commands `paper`, `register print/post/lend`, `dossier amend/remove/close`; `[office] term_end, rules_file`, `[batch] reminders`, `[channels.NAME] url, system, ca, key` of an axis, `[exchange.transitions]`; a quarantined message has its `reason` in JSON; beside its flags `attachment-type`,
`attachment-shut`, `recalled`; beside its delivery states `recalled` (before it left). Recalls asked of us are rID in `inbox`.

Glossary (Vietnamese term = name in the code): văn bản = document; văn bản đến = incoming ("in", book den); văn bản đi =
outgoing ("out", book di); số đến = arrival number; số, ký hiệu = number, symbol; trích yếu = subject; nơi nhận = recipients;
người ký = signer; thẩm quyền ký (T/M, K/T) = authority; độ mật = secrecy; độ khẩn = urgency; dấu = seal; phát hành = issue;
tiếp nhận = accept; trả lại = refuse; sổ đăng ký = register; danh bạ cơ quan = directory; hồ sơ = dossier; kỳ họp = session;
sổ sử dụng bản lưu = loans ("ban-luu"); khóa sổ = closing; đính chính, thay thế = correct, replace (a link); sao y, sao lục, trích sao = copy (its form); phụ lục = annex; thiết bị = token.
"""

__version__ = "0.1.0"

"""Offices whose keys and trust are as a test wants them, and files that a clerk has to sign."""

import io
import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
from pikepdf import Encryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from tests import offices
from tests.authorities import Authorities
from tests.offices import NOW
from tests.reading.pages import photograph
from tests.reading.writer import Written, convert, flat_odt
from tests.signing.practice import left_out

from vanthu_cli.config.load import load
from vanthu_cli.document.places import Box
from vanthu_cli.procedures.setup import set_up
from vanthu_cli.rules.deadlines import today
from vanthu_cli.sandbox import correspondents
from vanthu_cli.sandbox.documents import Page, make_pdf
from vanthu_cli.sandbox.office import PASSWORD, PracticeOffice
from vanthu_cli.sandbox.pki import issue
from vanthu_cli.validation.pdf import signed_by

Table = Mapping[str, object]
A4 = (595.276, 841.89)
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00"
"""Time of signing as it stands on annexes and copies (NĐ 30/2020 Phụ lục I)."""


def change(office: PracticeOffice, tables: Mapping[str, Table | None]) -> None:
    """Put tables into the configuration in place of those of the same name; None takes one out."""
    text = office.config.read_text("utf-8")
    for name, table in tables.items():
        text = re.sub(rf"(?ms)^\[{re.escape(name)}\]\n.*?(?=^\[|\Z)", "", text)
        if table is not None:
            lines = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
            text += f"\n[{name}]\n{lines}"
    office.config.write_text(text, "utf-8")


def quiet(template: PracticeOffice, folder: Path) -> PracticeOffice:
    """Give an office that asks nobody: no servers, no time stamps."""
    office = offices.copy(template, folder)
    change(office, {"tsa": None})
    return office


def state(office: PracticeOffice) -> None:
    """Turn the practice office into a State one."""
    text = office.config.read_text("utf-8")
    text = re.sub(r'(?m)^kind = "party"$', 'kind = "state"', text, count=1)
    text = re.sub(r"(?m)^symbol = .*$", 'symbol = "SNV"', text)
    office.config.write_text(re.sub(r"(?m)^(term_start|rules|other_symbols) = .*\n", "", text), "utf-8")


def believe(office: PracticeOffice, pki: Authorities, *names: str) -> None:
    """Trust certificates of these authorities, by name."""
    for name in names or ("root", "intermediate"):
        (office.folder / "pki" / "trust" / f"vn-{name}.crt").write_bytes(pki.certificate(name))


def revocation_list(pki: Authorities) -> bytes:
    """Return the list of the intermediate authority, as it is now."""
    with urllib.request.urlopen(f"{pki.url}/vn/crls/intermediate/latest.crl") as answer:  # noqa: S310  http, on loopback
        return bytes(answer.read())


def key_of(pki: Authorities, name: str, role: str, secret: str) -> Table:
    """A key file of these authorities; its certificate is known without its passphrase."""
    certificate = pki.folder / f"{name}.crt"
    certificate.write_bytes(pki.certificate(name))
    image = "signature" if role == "person" else "seal"
    return {
        "role": role,
        "kind": "pkcs12",
        "path": str(pki.p12(name)),
        "certificate": str(certificate),
        "secret": secret,
        "image": f"pki/keys/{image}.png",
    }


def note(office: PracticeOffice) -> list[str]:
    """Note the certificates of the office's keys, as `vanthu init` does; return the codes of those that failed."""
    failed = set_up(load(office.config), now=NOW, prompt=lambda _what: None, language="en")
    return [error.code for _name, error in failed]


def sworn(
    office: PracticeOffice, pki: Authorities, *, level: str = "", hosts: Sequence[str] = (), tsa: bool = False
) -> None:
    """Give leader and office keys of authorities that answer on loopback."""
    secret = office.folder / "secrets" / "sworn"
    secret.write_text(pki.passphrase, "utf-8")
    secret.chmod(0o600)
    believe(office, pki)
    change(
        office,
        {
            "keys.leader": key_of(pki, "leader", "person", "file:secrets/sworn"),
            "keys.office": key_of(pki, "office", "organisation", "file:secrets/sworn"),
            "trust": {"dir": "pki/trust", "hosts": list(hosts)},
            "tsa": {"url": pki.tsa} if tsa else None,
            "signing": {"level": level} if level else None,
        },
    )
    assert note(office) == []


def asking(office: PracticeOffice, answer: str | None) -> tuple[str, Path]:
    """Return a `secret` that answers so (None: fails), and the file that gets a line whenever it is asked."""
    asked, script = office.folder / "asked", office.folder / "ask.sh"
    reply = "exit 1" if answer is None else f"printf '%s' {shlex.quote(answer)}"
    script.write_text(f"echo asked >> {shlex.quote(str(asked))}\n{reply}\n", "utf-8")
    return f"command:sh {shlex.quote(str(script))}", asked


def times(asked: Path) -> int:
    return len(asked.read_text("utf-8").splitlines()) if asked.exists() else 0


def page(number: int = 0) -> Page:
    """A công văn of the office, number and date blank; each `number` another subject."""
    return correspondents.own_page(subject=f"Gửi, nhận văn bản trên mạng, việc {number}", year=NOW.year)


def drafts(folder: Path, count: int) -> list[Path]:
    """Write so many different drafts."""
    paths = [folder / f"cv-{number:02}.pdf" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(make_pdf(page(number)))
    return paths


def signatures(path: Path, password: str | None = None) -> int:
    return len(signed_by(path, password))


def leftovers(folder: Path) -> list[str]:
    """Names of what a run that died or failed would leave behind."""
    return sorted(each.name for each in folder.iterdir() if each.name.endswith((".part", ".tmp")))


def vanthu(
    office: PracticeOffice, *words: str, program: str = "", command: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """Start the program in a process of its own; `program` is run in it before, or `command` starts it otherwise."""
    code = f"import sys\n{program}\nfrom vanthu_cli.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [*(command or (sys.executable, "-c", code)), "--config", str(office.config), "--lang", "en", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )


def killed_at(process: subprocess.Popen[str], folder: Path, pattern: str, count: int) -> int:
    """End the process and its children by SIGKILL when so many results are there; return how many are."""
    until = time.monotonic() + 60
    while len(list(folder.glob(pattern))) < count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return len(list(folder.glob(pattern)))


def text_in(path: Path, box: tuple[float, float, float, float], number: int = 0) -> str:
    """Return what pdfium reads in a rectangle (left, bottom, right, top) of a page, fields drawn into it first."""
    with pdfium.PdfDocument(path) as document:
        document.init_forms()
        one = document[number]
        one.flatten()
        words: str = document[number].get_textpage().get_text_bounded(*box)
        return words


def scan(dpi: int = 200, mode: str = "RGB", *, words: str = "") -> bytes:
    """Return the scan of a paper document: one picture a page, no text. `words` make it another paper."""
    signed = replace(page(), number=15, day=today(NOW), subject=f"Văn bản giấy {words}", body=("Nội dung.",))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    for shot in photograph(make_pdf(signed), dpi, mode):
        picture = io.BytesIO()
        shot.save(picture, "JPEG", quality=60)
        canvas.drawImage(ImageReader(picture), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def padded(pdf: bytes, size: int) -> bytes:
    """Return the PDF with so many more bytes that nothing compresses, in an object of its own."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.Root.PieceInfo = pikepdf.Dictionary(Weight=opened.make_stream(random.Random(1).randbytes(size)))  # noqa: S311  only weight
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


def encrypted(pdf: bytes, user: str) -> bytes:
    return saved(pdf, encryption=Encryption(user=user, owner="chu", R=6, aes=True))


def saved(pdf: bytes, **options: object) -> bytes:
    """Write the file anew as another program would."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, **options)  # type: ignore[arg-type]  # pikepdf's own options
    return out.getvalue()


def with_form(pdf: bytes) -> bytes:
    """Return the page with a form field of its own."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        field = opened.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Tx,
                T="GhiChu",
                V="nguyên vẹn",
                F=4,
                Rect=[60, 60, 200, 80],
                P=opened.pages[0].obj,
            )
        )
        opened.pages[0].Annots = pikepdf.Array([field])
        opened.Root.AcroForm = pikepdf.Dictionary(Fields=[field], DA="/Helv 0 Tf")
        out = io.BytesIO()
        opened.save(out)
    return out.getvalue()


PARTNER = ("PHÓ CHÁNH VĂN PHÒNG", "Trần Thị Phó")
"""Title and name of who signs the joint document beside the leader."""


def second_signer(office: PracticeOffice) -> Path:
    """Issue that person's key; the directory doesn't know it yet."""
    return issue(
        office.pki, ca="party", name=PARTNER[1], organisation="Văn phòng Tỉnh ủy", file="VPTU-second",
        passphrase=PASSWORD, key="p-256",
    )  # fmt: skip


def written(folder: Path) -> dict[str, bytes]:
    """Return a công văn of the office as LibreOffice keeps it.

    "odt", "docx", an archival PDF ("pdf": PDF/A-2b), and as PDF one that two persons sign ("joint").
    """
    soffice = tool("soffice", "no documents of word processors, no PDF/A")
    (folder / "cv.fodt").write_text(flat_odt(Written(page())), "utf-8")
    archival = 'pdf:writer_pdf_Export:{"SelectPdfVersion": {"type": "long", "value": "2"}}'
    joint = convert({"joint": Written(page(), partner=PARTNER)}, folder)
    for kind in ("odt", "docx", archival):
        command = [soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--norestore"]
        command += ["--convert-to", kind, "--outdir", str(folder), str(folder / "cv.fodt")]
        environment = {**os.environ, "HOME": str(folder), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return joint | {kind: (folder / f"cv.{kind}").read_bytes() for kind in ("odt", "docx", "pdf")}


def tool(name: str, why: str) -> str:
    """Return the path of a judge's program; without it the test is left out, loudly."""
    found = shutil.which(name)
    if found is None:
        left_out(f"{name} is not installed: {why}")
        pytest.skip(why)
    return found


def cms_passes(signature: Path, content: Path, root: Path) -> bool:
    """Let OpenSSL verify a detached CMS against one root."""
    openssl = tool("openssl", "no second opinion on CMS")
    command = [openssl, "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-CAfile", str(root)]
    command += ["-in", str(signature), "-content", str(content), "-out", "/dev/null"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def pdfsig(path: Path, *options: str) -> list[str]:
    """Return poppler's verdict on each signature, in the order of the file."""
    command = [tool("pdfsig", "no second opinion on PDF signatures"), "-nocert", *options, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r"Signature Validation: (.*)", said)


def field_box(path: Path, name: str, password: str = "") -> Box:
    """Return where a signature field is."""
    with pikepdf.open(path, password=password) as opened:
        for number, each in enumerate(opened.pages):
            for widget in each.get("/Annots", []):
                if str(widget.get("/T", "")) == name:
                    x0, y0, x1, y1 = (float(value) for value in widget.Rect)
                    return Box(number, x0, y0, x1, y1)
    raise LookupError(name)


def like_word(pdf: bytes) -> bytes:
    """Store a PDF with one classic table as Word does: the structure tree is packed and stands only in a second table.

    ISO 32000-2 7.5.8.4 (hybrid-reference files): the classic table calls those objects free, /XRefStm knows where they are.
    """
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        count = len(opened.objects)
        tree, element, holder, table = (count + 1 + place for place in range(4))
        opened.Root.MarkInfo = pikepdf.Dictionary(Marked=True)
        root = opened.Root.objgen[0]
        streams = {each.objgen[0]: each.read_raw_bytes() for each in opened.objects if isinstance(each, pikepdf.Stream)}
        plain = [each.stream_dict if isinstance(each, pikepdf.Stream) else each for each in opened.objects]
        bodies = [each.unparse(resolved=True) for each in plain]
    bodies[root - 1] = bodies[root - 1].rstrip()[:-2] + b"/StructTreeRoot %d 0 R>>" % tree
    packed = [b"<</Type/StructTreeRoot/K %d 0 R>>" % element, b"<</Type/StructElem/S/Document/P %d 0 R>>" % tree]
    index = b"%d 0 %d %d\n" % (tree, element, len(packed[0]) + 1)
    bodies += [b"null", b"null"]
    out, offsets = bytearray(b"%PDF-1.7\n%\xb5\xb5\xb5\xb5\n"), {}

    def put(number: int, body: bytes, stream: bytes | None = None) -> None:
        offsets[number] = len(out)
        out.extend(b"%d 0 obj\n%s" % (number, body))
        out.extend(b"\nendobj\n" if stream is None else b"\nstream\n%s\nendstream\nendobj\n" % stream)

    for number in range(1, count + 1):
        put(number, bodies[number - 1], streams.get(number))
    content = index + b"\n".join(packed)
    put(holder, b"<</Type/ObjStm/N 2/First %d/Length %d>>" % (len(index), len(content)), content)
    rows = b"".join(b"\x02" + holder.to_bytes(4, "big") + place.to_bytes(2, "big") for place in range(2))
    entry = b"<</Type/XRef/Size %d/W[1 4 2]/Index[%d 2]/Root %d 0 R/Length %d>>" % (table + 1, tree, root, len(rows))
    put(table, entry, rows)
    start = len(out)
    out.extend(b"xref\n0 %d\n0000000000 65535 f \n" % (table + 1))
    for number in range(1, table + 1):
        out.extend(b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n")
    end = b"trailer\n<</Size %d/Root %d 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out) + end % (table + 1, root, offsets[table], start)

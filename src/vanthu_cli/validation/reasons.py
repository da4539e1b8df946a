"""Why a signature or a file does not simply pass: stable codes, what they weigh, the clerk's sentences.

The weights are ETSI EN 319 102-1 indications. One deliberate difference: ETSI counts FORMAT_FAILURE as
TOTAL-FAILED; here a signature nobody could read is INDETERMINATE, as nothing was proven against it
(contract.md: "an unreadable signature is not 'no signature'", verdict unknown).
"""

from dataclasses import dataclass
from typing import Literal, get_args

from vanthu_cli.locale import _

Indication = Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable machine code and what it is about (a field, a change, a date); never localised."""

    code: str
    detail: str = ""

    def __post_init__(self) -> None:
        # A string of a PDF library would drag the whole open file along to another process.
        object.__setattr__(self, "detail", str(self.detail))

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


_FAILED: dict[str, str] = {
    "hash-mismatch": "HASH_FAILURE",
    "signature-broken": "SIG_CRYPTO_FAILURE",
    "partial-coverage": "FORMAT_FAILURE",
    "changed-after-signing": "FORMAT_FAILURE",
    "field-altered": "FORMAT_FAILURE",
    "revoked-before-signing": "REVOKED",
    "document-timestamp-broken": "HASH_FAILURE",
}
_UNDECIDED: dict[str, str] = {
    "not-a-pdf": "FORMAT_FAILURE",
    "unparseable": "FORMAT_FAILURE",
    "format-not-judged": "FORMAT_FAILURE",
    "file-unreadable": "GENERIC",
    "could-not-judge": "GENERIC",
    "encrypted": "FORMAT_FAILURE",
    "read-leniently": "FORMAT_FAILURE",
    "hybrid-references": "FORMAT_FAILURE",
    "too-many-signatures": "GENERIC",
    "unreadable-signature": "FORMAT_FAILURE",
    "unsupported-signature": "FORMAT_FAILURE",
    "signature-outside-form": "FORMAT_FAILURE",
    "signed-in-part": "FORMAT_FAILURE",
    "signed-data-missing": "SIGNED_DATA_NOT_FOUND",
    "signed-properties-unbound": "FORMAT_FAILURE",
    "certificate-not-named": "NO_SIGNING_CERTIFICATE_FOUND",
    "xml-ambiguous": "FORMAT_FAILURE",
    "xml-dtd": "FORMAT_FAILURE",
    "xml-too-large": "FORMAT_FAILURE",
    "xml-unparseable": "FORMAT_FAILURE",
    "package-part-not-covered": "FORMAT_FAILURE",
    "package-refused": "FORMAT_FAILURE",
    "no-signing-certificate": "NO_SIGNING_CERTIFICATE_FOUND",
    "no-signer": "FORMAT_FAILURE",
    "unexpected-content": "FORMAT_FAILURE",
    "content-missing": "SIGNED_DATA_NOT_FOUND",
    "content-differs": "SIGNED_DATA_NOT_FOUND",
    "no-signed-attributes": "FORMAT_FAILURE",
    "sender-not-signer": "SIG_CONSTRAINTS_FAILURE",
    "certificate-untrusted": "NO_CERTIFICATE_CHAIN_FOUND",
    "certificate-chain-failure": "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "certificate-wrong-purpose": "CHAIN_CONSTRAINTS_FAILURE",
    "certificate-expired-no-time": "OUT_OF_BOUNDS_NO_POE",
    "certificate-not-yet-valid": "OUT_OF_BOUNDS_NO_POE",
    "revoked-no-time": "REVOKED_NO_POE",
    "revocation-unknown": "TRY_LATER",
    "weak-algorithm": "CRYPTO_CONSTRAINTS_FAILURE",
    "timestamp-broken": "GENERIC",
    "modification-check-failed": "GENERIC",
    "changes-not-explained": "GENERIC",
    "numbered-after-signing": "GENERIC",
    "unsigned-field-over-mark": "GENERIC",
    "unsigned-field-added": "GENERIC",
    "mark-covered": "GENERIC",
    "large-mark-added": "GENERIC",
    "field-filled": "GENERIC",
    "annotated-after-signing": "GENERIC",
    "filled-after-signing": "GENERIC",
    "form-look-altered": "GENERIC",
    "unused-objects": "GENERIC",
    "filled-between": "GENERIC",
    "sender-ambiguous": "SIG_CONSTRAINTS_FAILURE",
    "mail-ambiguous": "FORMAT_FAILURE",
    "file-empty": "FORMAT_FAILURE",
    "contents-padded": "FORMAT_FAILURE",
    "trailing-bytes": "GENERIC",
    "shown-otherwise": "GENERIC",
    "pages-not-compared": "GENERIC",
    "signing-certificate-unreadable": "NO_SIGNING_CERTIFICATE_FOUND",
    "signing-certificate-expired": "OUT_OF_BOUNDS_NO_POE",
    "signing-certificate-not-yet-valid": "OUT_OF_BOUNDS_NO_POE",
    "signing-certificate-wrong-purpose": "CHAIN_CONSTRAINTS_FAILURE",
    "signing-certificate-revoked": "REVOKED_NO_POE",
    "signing-certificate-revocation-unknown": "TRY_LATER",
}
NOTES = frozenset(
    {
        "timestamp-untrusted",
        "timestamp-expired",
        "local-time-labelled-utc",
        "claimed-time-implausible",
        "headers-unsigned",
    }
)
"""Codes that inform and weigh nothing."""

CODES = frozenset(_FAILED) | frozenset(_UNDECIDED) | NOTES

_INDICATIONS: tuple[Indication, ...] = get_args(Indication)


def weigh(reason: Reason) -> tuple[Indication, str | None]:
    """Return the ETSI indication and sub-indication of one reason; an unknown code is INDETERMINATE."""
    if reason.code in _FAILED:
        return "TOTAL-FAILED", _FAILED[reason.code]
    if reason.code in NOTES:
        return "TOTAL-PASSED", None
    return "INDETERMINATE", _UNDECIDED.get(reason.code, "GENERIC")


def worst(reasons: tuple[Reason, ...]) -> tuple[Indication, str | None]:
    """(Recipe, step 11.) Return the indication of the heaviest reason (of equals, the first); no reason at all passes."""
    weights = [("TOTAL-PASSED", None), *map(weigh, reasons)]
    return max(weights, key=lambda weight: _INDICATIONS.index(weight[0]))


def sentence(reason: Reason) -> str:
    """Return the clerk's sentence in the chosen language: what was found, and what to do next."""
    text = _sentences().get(reason.code)
    if text is None:
        return str(reason)
    return text.format(detail=reason.detail or "-")


def _sentences() -> dict[str, str]:
    """Translate at call time: the language is chosen after this module is loaded."""
    return {
        "hash-mismatch": _(
            "The document was changed inside the part that the signature protects. Do not accept it; ask the sender for the original file.",
        ),
        "signature-broken": _(
            "The signature does not belong to the certificate it names. Do not accept the document; ask the sender for the original file.",
        ),
        "partial-coverage": _(
            "The signature leaves out a part of the file in which something can be hidden. Do not accept the document; ask the sender to sign it again.",
        ),
        "changed-after-signing": _(
            "The document was changed after it was signed ({detail}). Do not accept it; ask the sender for the original file.",
        ),
        "field-altered": _(
            "A form field was rewritten after the document had been sealed ({detail}). Do not accept the document; ask the sender for the original file.",
        ),
        "revoked-before-signing": _(
            "The certificate was revoked before the document was signed ({detail}). Do not accept it; tell the sender.",
        ),
        "not-a-pdf": _(
            "This is not a PDF file. Open it with the program it was made for, or ask the sender for a PDF."
        ),
        "format-not-judged": _(
            "Signatures in files of this kind cannot be judged by this version. Ask the sender for a signed PDF."
        ),
        "file-unreadable": _("The file cannot be read from the disk ({detail})."),
        "could-not-judge": _(
            "The file could not be examined safely ({detail}). Don't open it with other programs; tell the administrator."
        ),
        "unparseable": _("The PDF file is damaged and cannot be read ({detail}). Ask the sender to send it again."),
        "encrypted": _(
            "The file is protected by a password or encrypted, so its signatures cannot be judged. Ask the sender for an unprotected file.",
        ),
        "hybrid-references": _(
            "The file has two tables of contents, as Word writes it: an old and a new program may show different things. Export it "
            "to PDF again (in Word: “ISO 19005-1 compliant (PDF/A)”, or with LibreOffice) before it is signed."
        ),
        "read-leniently": _(
            "The PDF file breaks the rules of its format and could only be read leniently. Look at it yourself, and ask the sender for a clean file if in doubt.",
        ),
        "too-many-signatures": _(
            "The file has more signature fields than an official document can have ({detail}). Ask the sender what it is.",
        ),
        "unreadable-signature": _("A signature is there but cannot be read ({detail}). Ask the sender to sign again."),
        "unsupported-signature": _(
            "A signature of an unsupported kind is there ({detail}). Check it with the program it was made with, or ask the sender to sign again.",
        ),
        "signature-outside-form": _(
            "A signature stands on a page but is not listed in the document's form ({detail}). Look at it yourself; ask the sender if in doubt.",
        ),
        "no-signer": _(
            "The signature file names nobody who has signed. Ask the sender for the signature again.",
        ),
        "unexpected-content": _(
            "The signature is not one of a document, but of something else ({detail}). Ask the sender for the right file.",
        ),
        "content-missing": _(
            "The file that was signed is not here. Put it beside its signature under its own name (thu.docx beside thu.docx.p7s), or name it with --content.",
        ),
        "content-differs": _(
            "The signature carries a file of its own that is not the one beside it: it cannot be told which of them was meant. Ask the sender for both again.",
        ),
        "no-signed-attributes": _(
            "The signature does not say of what kind its content is: it could be passed off as one of something else. Ask the sender to sign with up-to-date software.",
        ),
        "sender-not-signer": _(
            "The letter was signed by somebody else than its sender ({detail}). Ask the sender by another way whether it is theirs.",
        ),
        "signed-in-part": _(
            "The signature covers only a part of the file; nobody signed the rest ({detail}). Rely on nothing in that rest; ask the sender to sign the whole file.",
        ),
        "signed-data-missing": _(
            "What the signature was made for is not in the file ({detail}). Ask the sender for the original file with all its parts.",
        ),
        "signed-properties-unbound": _(
            "What the signature says about its certificate and its time is not under the signature, or belongs to another. Ask the sender to sign again.",
        ),
        "certificate-not-named": _(
            "The certificate that came with the signature is not the one its signer named. Do not rely on the name shown; ask the sender to sign again.",
        ),
        "xml-ambiguous": _(
            "The file is built so that programs may read different things in it than were signed ({detail}). Ask the sender for a clean file.",
        ),
        "xml-dtd": _(
            "The XML file has a document type declaration (DOCTYPE), by which its content can be changed from outside. Ask the sender to export it again without one.",
        ),
        "xml-too-large": _(
            "The XML file is larger, or built deeper, than an official document can be ({detail}). Ask the sender what it is.",
        ),
        "xml-unparseable": _("The XML file is damaged and cannot be read ({detail}). Ask the sender to send it again."),
        "package-part-not-covered": _(
            "Parts of the file are not under the signature ({detail}). Rely on nothing in them; ask the sender for a signed PDF.",
        ),
        "package-refused": _(
            "The file is packed in a way that could harm a program or show different content in different ones ({detail}). Don't open it; ask the sender to send it again.",
        ),
        "no-signing-certificate": _(
            "The signature does not carry its signer's certificate. Ask the sender to sign again.",
        ),
        "certificate-untrusted": _(
            "The certificate does not come from an authority that this office trusts. If it should, have the administrator put the authority's certificate into the trust folder.",
        ),
        "certificate-chain-failure": _(
            "The certificate's chain up to a trusted authority does not hold ({detail}). Show this to the administrator.",
        ),
        "certificate-wrong-purpose": _(
            "The certificate is not meant for signing documents ({detail}). Ask the sender to sign with the right certificate.",
        ),
        "certificate-expired-no-time": _(
            "The certificate has expired ({detail}) and nothing proves that the document was signed before. Ask the sender for a copy with a time stamp, or to sign again.",
        ),
        "certificate-not-yet-valid": _(
            "At the moment of judging the certificate was not valid yet ({detail}). Check the clock of this computer, or the time asked for with --at.",
        ),
        "revoked-no-time": _(
            "The certificate was revoked ({detail}) and nothing proves that the document was signed before. Ask the sender to sign again with a new certificate.",
        ),
        "revocation-unknown": _(
            "It cannot be established whether the certificate was revoked ({detail}). Put the authority's revocation list (CRL) into the trust folder and verify again.",
        ),
        "weak-algorithm": _(
            "The signature uses a method that is no longer safe ({detail}). Ask the sender to sign again with up-to-date software.",
        ),
        "timestamp-broken": _(
            "The time stamp does not belong to this signature or is damaged ({detail}). Ask the sender to sign again.",
        ),
        "document-timestamp-broken": _(
            "The document was changed inside the part that its time stamp protects ({detail}). Do not accept it; ask the sender for the original file.",
        ),
        "timestamp-untrusted": _(
            "The time stamp comes from an authority that this office does not trust, so it proves nothing ({detail}). Have the administrator add that authority if it should be trusted.",
        ),
        "timestamp-expired": _(
            "At the moment of judging the certificate of the time stamp authority was not in force, and nothing proves that the stamp is older ({detail}): it proves nothing.",
        ),
        "claimed-time-implausible": _(
            "By the signer's clock it was signed at a time at which the certificate was not in force, or that is still to come ({detail}). Don't rely on that time.",
        ),
        "headers-unsigned": _(
            "Only the letter's content and attachments are signed: its subject, date, names and recipients are not.",
        ),
        "sender-ambiguous": _(
            "The letter names no sender, or more than one ({detail}): it cannot be told whose signature it should bear. Ask by another way whose letter it is.",
        ),
        "mail-ambiguous": _(
            "The letter is built so that programs may read different things in it ({detail}). Ask the sender to send it again.",
        ),
        "file-empty": _("The file is empty. Ask the sender to send it again."),
        "filled-between": _(
            "A form field was filled in or changed after this signature and before the last one ({detail}). Ask the signer whether they know of it.",
        ),
        "local-time-labelled-utc": _(
            "The signer's software wrote Vietnamese time as if it were UTC, seven hours late. This is a known fault and no sign of fraud.",
        ),
        "modification-check-failed": _(
            "It could not be checked whether something was changed after signing ({detail}). Compare the document with the sender's original.",
        ),
        "changes-not-explained": _(
            "Something was added or changed after signing that the signature does not provide for, though nothing shown on the pages was altered ({detail}). Look at the document; ask the sender if in doubt.",
        ),
        "numbered-after-signing": _(
            "The number or the date was put on after this signature, in a way the signature does not provide for, and the agency signed afterwards ({detail}). Check number and date; an office may allow this by a rule.",
        ),
        "unsigned-field-over-mark": _(
            "An unsigned field was drawn over the number, date, signature or seal after the document had been signed ({detail}). Compare the document with the sender's original.",
        ),
        "unsigned-field-added": _(
            "A visible field that nobody signed was added after the document had been signed ({detail}). Compare the document with the sender's original.",
        ),
        "mark-covered": _(
            "Something was drawn over the number, date, signature or seal after the document had been signed ({detail}). Compare the document with the sender's original.",
        ),
        "large-mark-added": _(
            "A mark that covers a large part of a page was added after the document had been signed ({detail}). Compare the document with the sender's original.",
        ),
        "field-filled": _(
            "A form field was filled in after the document had been signed ({detail}). Compare the document with the sender's original.",
        ),
        "shown-otherwise": _(
            "Drawn as a picture, the page looks otherwise today than when it was signed ({detail}). Compare the document with the sender's original.",
        ),
        "pages-not-compared": _(
            "The pages could not be drawn and compared with what was signed ({detail}). Compare the document with the sender's original.",
        ),
        "annotated-after-signing": _(
            "Notes were put on the document after it was signed, as the signature permits. Look at them; none of them is signed.",
        ),
        "filled-after-signing": _(
            "Fields were filled in or added after the last signature: nobody has signed them. Compare the document with the sender's original.",
        ),
        "form-look-altered": _(
            "By what rules the form's fields are drawn was changed after signing: they may look otherwise than when signed. Compare the document with the sender's original.",
        ),
        "unused-objects": _(
            "Something was added to the file after signing that the document does not use ({detail} objects). Ask the sender for the original file.",
        ),
        "contents-padded": _(
            "Data stands inside the signature's field that nobody has signed ({detail}). Ask the sender for the original file.",
        ),
        "trailing-bytes": _(
            "The file was cut off, or goes on after its end ({detail} bytes). Ask the sender for the original file.",
        ),
        "signing-certificate-unreadable": _(
            "The certificate of the signing key cannot be read. Have the administrator check the key file, token or signing service.",
        ),
        "signing-certificate-expired": _(
            "The signing certificate has expired ({detail}). Apply for a new one; a signature made with it would be refused.",
        ),
        "signing-certificate-not-yet-valid": _(
            "The signing certificate is not valid yet ({detail}). Check the clock of this computer, or wait until that day.",
        ),
        "signing-certificate-wrong-purpose": _(
            "The certificate is not meant for signing documents ({detail}). Choose the right certificate in the configuration.",
        ),
        "signing-certificate-revoked": _(
            "The signing certificate, or that of its issuer, was revoked ({detail}). Do not sign with it; ask the authority that issued it for a new one.",
        ),
        "signing-certificate-revocation-unknown": _(
            "It cannot be established whether the signing certificate was revoked ({detail}). Put the authority's current revocation list (CRL) into the trust folder, then sign again.",
        ),
    }

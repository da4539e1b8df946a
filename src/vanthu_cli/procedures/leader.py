"""The office seals only what an authorised person has signed (NĐ 30/2020 Đ32.2.c-d)."""

from vanthu_cli.errors import ForbiddenError, InvalidSignatureError, UndecidedError
from vanthu_cli.locale import _
from vanthu_cli.validation.findings import Judgement, sentence


def check_leader(judgement: Judgement, office: str, name: str) -> None:
    """Refuse a main document without a passing signature of a person whom the directory lists for this office.

    `InvalidSignatureError` (4) if it was changed after signing, `ForbiddenError` (5) if nobody authorised signed.
    """
    reasons = "; ".join(sentence(reason) for reason in judgement.reasons)
    if judgement.verdict == "invalid":
        raise InvalidSignatureError(
            "leader.invalid",
            _("{file} was changed after the leader signed, or the signature is false. {why}").format(
                file=name, why=reasons
            ),
            _("Don't issue it. Ask the leader to sign the right document again."),
        )
    if not judgement.signatures:
        raise ForbiddenError(
            "leader.unsigned",
            _(
                "{file} is not signed by an authorised person: the office may not seal it (Decree 30/2020, Art. 32.2.d)."
            ).format(file=name),
            _("Have the leader sign the prepared copy (vanthu prepare), or name the leader's key with --person."),
        )
    persons = [each for each in judgement.signatures if each.role == "person" and each.agency == office]
    if not any(each.indication == "TOTAL-PASSED" for each in persons):
        signers = ", ".join(each.signer or "?" for each in judgement.signatures)
        raise ForbiddenError(
            "leader.not_authorised",
            _(
                "{file} bears no passing signature of a person authorised by this office (signed by: {signers}). {why}"
            ).format(file=name, signers=signers, why=reasons),
            _(
                "The office seals only what an authorised person has signed (Decree 30/2020, Art. 32.2.d). Whose certificate is "
                "whose stands in the directory: vanthu directory add {code} --certificate FILE --role person"
            ).format(code=office),
        )
    if judgement.verdict != "valid" and not _only_hybrid(judgement):
        raise UndecidedError(
            "leader.undecided",
            _("It cannot be established that {file} is as the leader signed it. {why}").format(file=name, why=reasons),
            _("“vanthu verify {file}” tells more.").format(file=name),
        )


def is_hybrid(judgement: Judgement) -> bool:
    """Tell whether the file has Word's hybrid cross-references, for which receivers' tools may call it unknown."""
    return any(each.code == "hybrid-references" for each in judgement.reasons)


def _only_hybrid(judgement: Judgement) -> bool:
    """The office made the file itself: what another program might show of it keeps nobody here from sealing it."""
    others = [each for each in judgement.reasons if each.code != "hybrid-references"]
    passed = all(each.indication == "TOTAL-PASSED" for each in judgement.signatures)
    return is_hybrid(judgement) and not others and passed

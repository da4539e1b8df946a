"""`vanthu archive`: until when documents can be proved, and archive time stamps in batch."""

import hashlib
from datetime import datetime
from pathlib import Path

from tests.cli.commands import Clerk
from tests.cli.test_incoming import morning


def checked(clerk: Clerk, *words: str) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in clerk.asks("archive", "check", *words)[1]["documents"]}


def test_what_ends_is_told_renewed_and_stays_what_it_was(clerk: Clerk) -> None:
    morning(clerk)
    before = checked(clerk)
    name = "15/SNV-VP"
    ends = datetime.fromisoformat(before[name]["until"])
    assert before[name]["level"] == "B-B"
    assert clerk.types("archive", "check") == 0
    assert "due within" not in clerk.said
    assert clerk.types("archive", "check", "--within", "1500") == 0
    assert "vanthu archive renew" in clerk.said
    code, answer = clerk.asks("archive", "renew", "--within", "1500", "--dry-run")
    assert (code, {each["name"] for each in answer["due"]} >= {name}) == (0, True)
    code, answer = clerk.asks("archive", "renew", name, "--yes")
    assert (code, [each["refused"] for each in answer["renewed"]]) == (0, [None])
    after = checked(clerk)[name]
    assert (after["level"], datetime.fromisoformat(after["until"]) > ends) == ("B-LTA", True)
    shown = clerk.asks("register", "show", name)[1]
    document, renewal = shown["document"], shown["renewal"]
    assert document["sha256"] == before[name]["sha256"] != after["sha256"]
    with open(renewal, "rb") as file:  # noqa: PTH123  the path is a string of the answer
        data = file.read()
    assert hashlib.sha256(data).hexdigest() == after["sha256"]
    with open(document["path"], "rb") as file:  # noqa: PTH123  see above
        assert data.startswith(file.read())
    assert clerk.asks("verify", renewal)[1]["files"][0]["verdict"] == "valid"


def test_what_cannot_be_proved_is_named_and_stops_no_other(clerk: Clerk) -> None:
    found = morning(clerk)
    unsigned = next(each["id"] for each in found["documents"] if each["verdict"] == "unsigned" and each["file"])
    assert clerk.types("inbox", "accept", unsigned, "--reason", "bản giấy đã có") == 0, clerk.said
    code, answer = clerk.asks("archive", "check")
    assert (code, answer["error"]["code"]) == (7, "archive.lost")
    code, answer = clerk.asks("archive", "renew", unsigned, "15/SNV-VP", "--yes")
    assert code == 3
    assert sorted(each["refused"] is None for each in answer["renewed"]) == [False, True]


def test_without_a_terminal_or_an_authority_nothing_is_done(clerk: Clerk) -> None:
    morning(clerk)
    assert clerk.asks("archive", "renew", "15/SNV-VP")[0] == 2
    text = clerk.office.config.read_text()
    clerk.office.config.write_text(
        "\n".join(line for line in text.splitlines() if "url =" not in line and "[tsa]" not in line)
    )
    assert clerk.asks("archive", "renew", "15/SNV-VP", "--yes")[1]["error"]["code"] == "archive.no_tsa"


def test_a_renewed_document_found_secret_loses_the_renewed_copy_too(clerk: Clerk) -> None:
    morning(clerk)
    assert clerk.types("archive", "renew", "15/SNV-VP", "--yes") == 0
    shown = clerk.asks("register", "show", "15/SNV-VP")[1]
    copies = [Path(shown["document"]["path"]), Path(shown["renewal"])]
    assert all(copy.is_file() for copy in copies)
    assert clerk.types("inbox", "quarantine", shown["document"]["id"]) == 0
    assert not any(copy.exists() for copy in copies)

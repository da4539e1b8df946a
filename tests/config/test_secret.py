"""Where a password is found, and that no message ever tells it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from vanthu_cli.config.secrets import drop, is_kept, keep, secret
from vanthu_cli.config.settings import Config, Office
from vanthu_cli.errors import MisuseError

HIDDEN = "mật-khẩu s3cr3t "


def nobody(_what: str) -> str | None:
    return None


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(Office("Sở Nội vụ", "SNV", "SNV", "state", "Hải Dương", "data"), file=tmp_path / "config.toml")


def refusal(config: Config, reference: str, prompt: Callable[[str], str | None] = nobody) -> MisuseError:
    with pytest.raises(MisuseError) as refused:
        secret(config, reference, prompt)
    error: BaseException | None = refused.value
    while error is not None:  # what a traceback would show
        assert "s3cr3t" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "s3cr3t" not in refused.value.hint
    return refused.value


def placed(config: Config, text: str, mode: int = 0o600) -> str:
    place = config.file.parent / "password"
    place.write_bytes(text.encode())
    place.chmod(mode)
    return "file:password"


def test_from_the_environment(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTHU_TEST_PASSWORD", HIDDEN)
    assert secret(config, "env:VANTHU_TEST_PASSWORD", nobody) == HIDDEN
    monkeypatch.delenv("VANTHU_TEST_PASSWORD")
    assert refusal(config, "env:VANTHU_TEST_PASSWORD").code == "secret.missing"


@pytest.mark.parametrize("text", [HIDDEN, HIDDEN + "\n", HIDDEN + "\r\n", "\ufeff" + HIDDEN + "\n", HIDDEN + "\nmore"])
def test_from_the_first_line_of_a_file(config: Config, text: str) -> None:
    assert secret(config, placed(config, text), nobody) == HIDDEN


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(config: Config, mode: int) -> None:
    error = refusal(config, placed(config, HIDDEN, mode))
    assert error.code == "secret.mode"
    assert "chmod 600" in error.hint


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_ones_own_is_fine(config: Config, mode: int) -> None:
    assert secret(config, placed(config, HIDDEN, mode), nobody) == HIDDEN


def test_a_file_that_is_not_there_is_named(config: Config) -> None:
    error = refusal(config, "file:nowhere")
    assert error.code == "secret.missing"
    assert "nowhere" in error.message


def test_a_file_that_is_no_text_is_refused(config: Config) -> None:
    place = config.file.parent / "password"
    place.write_bytes(b"\xff\xfes3cr3t")
    place.chmod(0o600)
    assert refusal(config, "file:password").code == "secret.missing"


def test_from_the_first_line_a_command_prints(config: Config) -> None:
    line = f"command:{sys.executable} -c \"print('{HIDDEN}'); print('more')\""
    assert secret(config, line.replace("\\", "/"), nobody) == HIDDEN


@pytest.mark.parametrize(
    "line",
    [
        "no-such-program s3cr3t",
        f"{sys.executable} -c \"print('s3cr3t'); raise SystemExit(3)\"",
        f"{sys.executable} -c \"import sys; sys.stderr.write('s3cr3t')\"",
        f"{sys.executable} -c \"import os; os.write(1, b'\\xff s3cr3t')\"",
        '"s3cr3t',
        "",
    ],
)
def test_a_command_that_fails_tells_nothing(config: Config, line: str) -> None:
    assert refusal(config, f"command:{line}").code == "secret.command"


def test_a_command_cannot_wait_for_the_keyboard(config: Config) -> None:
    assert refusal(config, f"command:{sys.executable} -c 'input()'").code == "secret.command"


class Memory(keyring.backend.KeyringBackend):  # type: ignore[misc]  # keyring ships no types
    """A keyring that keeps what it is given, as long as the test lasts."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept = {("vanthu", "a@b/c"): HIDDEN}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Locked(Memory):
    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked(f"{service}/{username}")


def test_from_the_keyring(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", Memory())
    assert secret(config, "keyring:vanthu/a@b/c", nobody) == HIDDEN
    error = refusal(config, "keyring:vanthu/other")
    assert error.code == "secret.missing"
    assert "keyring set vanthu other" in error.hint


@pytest.mark.parametrize("reference", ["keyring:vanthu/wan", "file:secrets/wan"])
def test_what_is_kept_can_be_had_and_dropped_again(
    config: Config, monkeypatch: pytest.MonkeyPatch, reference: str
) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", Memory())
    assert not is_kept(config, reference)
    keep(config, reference, HIDDEN)
    assert is_kept(config, reference)
    assert secret(config, reference, nobody) == HIDDEN
    drop(config, reference)
    assert not is_kept(config, reference)


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring(), Locked()])
def test_without_a_keyring_another_place_is_named(
    config: Config, monkeypatch: pytest.MonkeyPatch, backend: keyring.backend.KeyringBackend
) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    error = refusal(config, "keyring:vanthu/a@b")
    assert error.code == "secret.keyring"
    assert "file:" in error.hint


def test_a_keyring_that_keeps_nothing_has_no_entry(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.backends.null.Keyring())
    assert refusal(config, "keyring:vanthu/a@b").code == "secret.missing"


def test_a_keyring_of_plain_text_is_not_asked(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = type("PlaintextKeyring", (Memory,), {"__module__": "keyrings.alt.file"})
    monkeypatch.setattr(keyring.core, "_keyring_backend", plain())
    error = refusal(config, "keyring:vanthu/a@b/c")
    assert error.code == "secret.keyring"


def test_a_person_is_asked_with_the_name_of_what_is_wanted(config: Config) -> None:
    asked: list[str] = []

    def person(what: str) -> str:
        asked.append(what)
        return HIDDEN

    assert secret(config, "prompt", person) == secret(config, "prompt:khóa của lãnh đạo", person) == HIDDEN
    assert asked == ["Password for Sở Nội vụ", "Password for khóa của lãnh đạo"]


def test_without_a_terminal_nobody_is_asked(config: Config) -> None:
    error = refusal(config, "prompt")
    assert error.code == "secret.no_terminal"
    assert str(config.file) in error.hint


def test_a_password_in_place_of_a_reference_is_refused_without_showing_it(config: Config) -> None:
    for reference in ("s3cr3t", "s3cr3t:x", "", ":s3cr3t"):
        assert refusal(config, reference).code == "secret.kind"


@pytest.mark.parametrize("reference", ["env:VANTHU_TEST_EMPTY", "file:password", "prompt"])
def test_an_empty_secret_is_none(config: Config, monkeypatch: pytest.MonkeyPatch, reference: str) -> None:
    monkeypatch.setitem(os.environ, "VANTHU_TEST_EMPTY", "")
    placed(config, "\ns3cr3t")
    assert refusal(config, reference, lambda _what: "").code == "secret.empty"

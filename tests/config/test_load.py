"""Reading config.toml: every fault is named with file, key and line; what is good is good the second time too."""

import subprocess
import sys
import tomllib
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from vanthu_cli.config.load import default_file, find, load
from vanthu_cli.config.settings import Config
from vanthu_cli.errors import MisuseError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
GOOD = """\
[office]
name = "Sở Nội vụ"
code = "SNV"
symbol = "SNV"
kind = "state"
place = "Hải Dương"
data_dir = "data"

[channels.net]
kind = "mail"
network = "internet"
address = "vanthu@snv.vn"
secret = "env:VANTHU_TEST"
imap = { host = "127.0.0.1", port = 993, user = "a" }
smtp = { host = "127.0.0.1", port = 465, user = "a" }

[keys.office]
role = "organisation"
kind = "pkcs12"
path = "office.p12"
secret = "prompt"

[accept]
confidence = 1

[holidays]
off = [2026-02-17]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    place = tmp_path / "config.toml"
    place.write_text(GOOD, "utf-8")
    return place


def values(file: Path) -> dict[str, Any]:
    return asdict(load(file))


def refusal(file: Path) -> MisuseError:
    with pytest.raises(MisuseError) as refused:
        load(file)
    assert str(file) in refused.value.message
    return refused.value


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")


def test_a_good_file_is_read_into_values(file: Path) -> None:
    loaded = load(file)
    assert loaded.office.name == "Sở Nội vụ"
    imap = loaded.channels["net"].imap
    assert imap is not None
    assert imap.port == 993
    assert loaded.holidays.off == (date(2026, 2, 17),)
    assert isinstance(loaded.accept.confidence, float)
    assert loaded.data_dir == file.parent / "data"


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('name = "Sở Nội vụ"\n', "", 1, "office.name"),
        ('name = "Sở Nội vụ"', "name = 5", 2, "office.name"),
        ('name = "Sở Nội vụ"', 'name = "  "', 1, "office"),
        ('code = "SNV"', 'code = "S@V"', 1, "office"),
        ('kind = "state"', 'kind = "State"', 5, "office.kind"),
        ('kind = "state"', 'kind = "party"', 1, "office"),  # term_start is missing
        ('place = "Hải Dương"', 'plaec = "Hải Dương"', 6, "office.plaec"),
        ('data_dir = "data"', "data_dir = true", 7, "office.data_dir"),
        ('address = "vanthu@snv.vn"', 'address = "vanthu.snv.vn"', 9, "channels.net"),
        ('address = "vanthu@snv.vn"', 'address = "a@b, c@d"', 9, "channels.net"),
        ('network = "internet"', 'network = "lan"', 11, "channels.net.network"),
        ("port = 993", 'port = "993"', 14, "channels.net.imap.port"),
        ("port = 993", "port = 70000", 14, "channels.net.imap"),
        ("port = 993", "port = 993.5", 14, "channels.net.imap.port"),
        ("port = 993", "port = true", 14, "channels.net.imap.port"),
        ("port = 465", "prot = 465", 15, "channels.net.smtp.prot"),
        ('smtp = { host = "127.0.0.1", port = 465, user = "a" }\n', "", 9, "channels.net"),
        ('kind = "mail"', 'kind = "folder"', 9, "channels.net"),
        ('secret = "prompt"', 'secret = "hunter2"', 17, "keys.office"),
        ("confidence = 1", "confidence = 1.5", 23, "accept"),
        ("confidence = 1", "confidence = nan", 23, "accept"),
        ("confidence = 1", 'automatic = "yes"', 24, "accept.automatic"),
        ("off = [2026-02-17]", "off = 2026-02-17", 27, "holidays.off"),
        ("off = [2026-02-17]", 'off = ["Tết"]', 27, "holidays.off.0"),
        ("off = [2026-02-17]", "off = [2026-02-17T08:00:00]", 27, "holidays.off.0"),
        ("[holidays]\n", '[trust]\nhosts = ["http://x/"]\n[holidays]\n', 26, "trust"),
        ("[holidays]\n", "[hollidays]\n", 26, "hollidays"),
        ("[accept]\n", "[[accept]]\n", 23, "accept"),
    ],
)
def test_every_fault_is_named_with_line_and_key(file: Path, old: str, new: str, line: int, key: str) -> None:
    change(file, old, new)
    error = refusal(file)
    assert error.code == "config.invalid"
    assert f"line {line}, {key}:" in error.message
    assert "hunter2" not in error.message
    assert "config.example.toml" in error.hint
    assert not (file.parent / "data" / "config.good").exists()


def test_all_faults_are_named_at_once(file: Path) -> None:
    change(file, 'place = "Hải Dương"', "place = 1")
    change(file, "port = 993", "port = 0")
    change(file, 'role = "organisation"', 'role = "office"')
    assert refusal(file).message.count("line ") == 3


def test_a_missing_table_is_named(file: Path) -> None:
    file.write_text("", "utf-8")
    assert "office: is missing" in refusal(file).message


def test_a_key_that_is_only_ours_is_unknown_in_the_file(file: Path) -> None:
    file.write_text('file = "x"\n' + GOOD, "utf-8")
    assert "line 1, file: is not a key" in refusal(file).message


@pytest.mark.parametrize("name", ['"a b"', '"a.b"', '"mạng"', '""'])
def test_a_channel_has_a_plain_name(file: Path, name: str) -> None:
    change(file, "[channels.net]", f"[channels.{name}]")
    assert "plain letters" in refusal(file).message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[office\n", "line 1, column 8"),
        ('[office]\nname = "a\n', "line 2, column"),
        ("[office]\nname = Sở\n", "line 2, column 8"),
        ("[office]\n[office]\n", "line 2, column"),
        ('[office]\ndata_dir = "C:\\vanthu"\n', "line 2, column"),
        ("[office]\nname =", "line 2, column"),
    ],
)
def test_wrong_toml_is_located(file: Path, text: str, place: str) -> None:
    file.write_text(text, "utf-8")
    error = refusal(file)
    assert error.code == "config.syntax"
    assert place in error.message


def test_a_file_in_another_encoding_is_located(file: Path) -> None:
    file.write_bytes('# ổn\nname = "'.encode() + "Sở".encode("utf-16"))
    error = refusal(file)
    assert error.code == "config.encoding"
    assert "line 2" in error.message


def test_control_characters_are_refused(file: Path) -> None:
    change(file, 'name = "Sở Nội vụ"', 'name = "Sở\\r\\nBcc: x"')
    error = refusal(file)
    assert error.code == "config.control"
    assert "office.name" in error.message


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "config.unreadable"


@pytest.mark.parametrize("address", ["vanthu@tuhaiduong", "vanthu@localhost", "a.b@c-d.gov.vn"])
def test_a_domain_without_a_dot_is_accepted(file: Path, address: str) -> None:
    change(file, 'address = "vanthu@snv.vn"', f'address = "{address}"')
    assert load(file).channels["net"].address == address


def test_windows_line_ends_and_byte_order_mark_are_fine(file: Path) -> None:
    known = values(file)
    file.write_bytes(GOOD.replace("\n", "\r\n").encode("utf-8-sig"))
    assert values(file) == known


def test_a_date_quoted_by_habit_is_still_a_date(file: Path) -> None:
    change(file, "off = [2026-02-17]", 'off = ["2026-02-17"]')
    assert load(file).holidays.off == load(file).holidays.off == (date(2026, 2, 17),)


def modules_after_loading(file: Path) -> set[str]:
    code = "import sys; from pathlib import Path; from vanthu_cli.config.load import default_file, find, load; load(Path(sys.argv[1]));"
    code += "print('pydantic' in sys.modules, 'keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_only_a_changed_file_is_judged_again(file: Path) -> None:
    assert "True" in modules_after_loading(file)
    assert modules_after_loading(file) == {"False"}
    change(file, 'place = "Hải Dương"', 'place = "Chí Linh"')
    assert "True" in modules_after_loading(file)
    assert load(file).office.place == "Chí Linh"
    change(file, "port = 993", 'port = "993"')
    assert refusal(file).code == "config.invalid"
    assert refusal(file).code == "config.invalid"


def test_the_second_reading_gives_the_same_values(file: Path) -> None:
    first = values(file)
    assert (file.parent / "data" / "config.good").is_file()
    assert values(file) == first


@pytest.mark.parametrize("stamp", [b"", b"\xff\xfe", b"x" * 1000])
def test_a_broken_stamp_costs_nothing_but_time(file: Path, stamp: bytes) -> None:
    known = values(file)
    (file.parent / "data" / "config.good").write_bytes(stamp)
    assert values(file) == known


def test_without_its_data_folder_a_file_is_judged_every_time(file: Path) -> None:
    (file.parent / "data").rmdir()
    assert values(file) == values(file)
    assert sorted(file.parent.iterdir()) == [file]


def test_a_stamp_that_cannot_be_written_is_done_without(file: Path) -> None:
    (file.parent / "data" / "config.good").mkdir()
    assert values(file) == values(file)


# -- finding the file ------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VANTHU_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_the_nearest_configuration_is_found(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = default_file()
    own.parent.mkdir(parents=True)
    for place in (own, Path("config.toml"), Path("named.toml"), Path("option.toml")):
        place.write_text("", "utf-8")
    assert find(Path("option.toml")) == Path("option.toml")
    monkeypatch.setenv("VANTHU_CONFIG", "named.toml")
    assert find(None) == Path("named.toml")
    monkeypatch.delenv("VANTHU_CONFIG")
    assert find(None) == Path("config.toml")
    Path("config.toml").unlink()
    assert find(None) == own
    assert elsewhere in own.parents


def test_a_missing_configuration_is_never_replaced_by_another(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "config.toml").write_text(GOOD, "utf-8")
    with pytest.raises(MisuseError) as refused:
        find(Path("nowhere.toml"))
    assert refused.value.code == "config.missing"
    monkeypatch.setenv("VANTHU_CONFIG", "nowhere.toml")
    with pytest.raises(MisuseError):
        find(None)


def test_an_office_that_is_not_set_up_is_told_how(elsewhere: Path) -> None:
    assert elsewhere.is_dir()
    with pytest.raises(MisuseError) as refused:
        find(None)
    assert "vanthu init" in refused.value.hint


# -- the example -----------------------------------------------------------------------------------------------


def keys_of(wanted: Any, path: str = "") -> set[str]:
    """Name every key of a dataclass: "office.name", "channels.*.imap.port"."""
    wanted = next((each for each in get_args(wanted) if is_dataclass(each)), wanted) if path.count(".") > 1 else wanted
    if is_dataclass(wanted) and isinstance(wanted, type):
        hints = get_type_hints(wanted)
        return set().union(*(keys_of(hints[each.name], f"{path}.{each.name}".lstrip(".")) for each in fields(wanted)))
    if getattr(wanted, "__origin__", None) is dict:
        return keys_of(get_args(wanted)[1], f"{path}.*")
    return {path}


def keys_in(table: Any, path: str = "") -> set[str]:
    if not isinstance(table, dict):
        return {path}
    named = path in {"channels", "keys", "exchange.transitions"}
    return set().union(*(keys_in(item, f"{path}.{'*' if named else name}".lstrip(".")) for name, item in table.items()))


def test_the_example_is_valid_and_names_every_key(tmp_path: Path) -> None:
    copy = tmp_path / "config.toml"
    copy.write_bytes(EXAMPLE.read_bytes())
    loaded = load(copy)
    assert {channel.network for channel in loaded.channels.values()} == {"wan", "internet"}
    assert {key.role for key in loaded.keys.values()} == {"person", "organisation"}
    assert keys_in(tomllib.loads(EXAMPLE.read_text("utf-8"))) == keys_of(Config) - {"file"}


def test_the_example_is_readable_in_an_editor() -> None:
    assert all(len(line) <= 160 for line in EXAMPLE.read_text("utf-8").splitlines())

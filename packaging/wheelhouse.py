"""A folder that installs vanthu on a machine without a network: its wheel, and every wheel it needs, as constraints.txt pins them.

`pip download --platform` judges markers by the machine it runs on: for Windows it brings jeepney and forgets pywin32-ctypes.
So what each wheel needs is followed here, with the markers of the machine that will be installed; pip only fetches.
"""

import argparse
import email
import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

HERE = Path(__file__).parent
ROOT = HERE.parent
NAME = "vanthu-cli"
SCRIPTS = {"linux": "cai-dat.sh", "win": "cai-dat.bat"}
WINDOWS = {"os_name": "nt", "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64"}
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--platform", default="", help="a wheel's platform tag, such as win_amd64; none: this machine's"
    )
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}", help="such as 3.11")
    parser.add_argument("--extras", default="demo", help="such as demo,ocr")
    asked = parser.parse_args()
    platform = asked.platform or re.sub(r"\W", "_", sysconfig.get_platform())
    house = ROOT / "dist" / f"wheelhouse-{platform}"
    shutil.rmtree(house, ignore_errors=True)
    house.mkdir(parents=True)
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(house), str(ROOT)], check=True)
    target = ["--python-version", asked.python] + (["--platform", asked.platform] if asked.platform else [])
    fill(house, Requirement(f"{NAME}[{asked.extras}]"), target, machine(platform, asked.python))
    furnish(house, platform, asked.python, asked.extras)
    megabytes = sum(each.stat().st_size for each in house.iterdir()) / 1e6
    print(f"{house.relative_to(ROOT)}: {len(wheels(house))} wheels, {megabytes:.0f} MB, Python {asked.python}")


def machine(platform: str, python: str) -> dict[str, str]:
    """Return what markers ask about the machine that will be installed."""
    names = WINDOWS if platform.startswith("win") else {}
    here = {name: str(value) for name, value in default_environment().items()}
    return here | names | {"python_version": python, "python_full_version": f"{python}.0"}


def fill(house: Path, wish: Requirement, target: list[str], about: Mapping[str, str]) -> None:
    """Bring every wheel that is needed, a generation of needs at a time; exit with the names of those that cannot be had."""
    pins, wave, done = pinned(), [wish], set[tuple[str, str]]()
    while wave:
        names = {canonicalize_name(need.name) for need in wave}
        lost = [str(need) for need in wave if not met(need, pins)]
        lost += fetch(house, [f"{name}=={pins[name]}" for name in names - wheels(house).keys() if name in pins], target)
        if lost:
            sys.exit("No wheel, or no pin in constraints.txt, for: " + "; ".join(sorted(lost)))
        needs = list[Requirement]()
        for need in wave:
            for extra in {"", *need.extras}:
                key = (canonicalize_name(need.name), extra)
                if key not in done:
                    done.add(key)
                    needs += needed(wheels(house)[key[0]], {**about, "extra": extra})
        wave = needs


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def met(need: Requirement, pins: Mapping[str, str]) -> bool:
    name = canonicalize_name(need.name)
    return name == NAME or (name in pins and need.specifier.contains(pins[name], prereleases=True))


def fetch(house: Path, wanted: list[str], target: list[str]) -> list[str]:
    """Return those that have no wheel for the target: one that is built there needs a compiler, and often the network."""
    command = [*PIP, "download", "--no-deps", "--only-binary=:all:", "-d", str(house), *target]
    if not wanted or subprocess.run([*command, *wanted], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        return []
    return [each for each in wanted if subprocess.run([*command, each], check=False).returncode]


def wheels(house: Path) -> dict[str, Path]:
    return {parse_wheel_filename(each.name)[0]: each for each in sorted(house.glob("*.whl"))}


def needed(wheel: Path, about: dict[str, str]) -> Iterable[Requirement]:
    with zipfile.ZipFile(wheel) as opened:
        (member,) = (name for name in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        said = email.message_from_bytes(opened.read(member))
    needs = (Requirement(line) for line in said.get_all("Requires-Dist", []))
    return [need for need in needs if need.marker is None or need.marker.evaluate(about)]


def furnish(house: Path, platform: str, python: str, extras: str) -> None:
    """Add the list that pip installs by, with hashes, so that it takes nothing else; the script; SHA256SUMS over all."""
    lines = list[str]()
    for name, wheel in wheels(house).items():
        version = parse_wheel_filename(wheel.name)[1]
        asked = f"{name}[{extras}]" if name == NAME and extras else name
        lines.append(f"{asked}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    (house / "requirements.txt").write_text("".join(lines), "utf-8")
    script = SCRIPTS["win" if platform.startswith("win") else "linux"]
    text = (HERE / script).read_text("utf-8").replace("@PYTHON@", python)
    (house / script).write_text(text, "utf-8", newline="\r\n" if script.endswith(".bat") else "\n")
    files = sorted(each for each in house.iterdir() if each.name != "SHA256SUMS")
    sums = "".join(f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files)
    (house / "SHA256SUMS").write_text(sums, "utf-8", newline="\n")


if __name__ == "__main__":
    main()

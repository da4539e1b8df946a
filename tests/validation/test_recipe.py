"""The numbered recipe can be ticked off in the code: each step names its functions, each function its step."""

import importlib
import re

from vanthu_cli.validation import files

STEP = re.compile(r"^ +(\d+)\. .*?((?:\w+\.\w+)(?:, \w+\.\w+)*)$", re.MULTILINE)


def test_every_step_has_its_function_and_every_function_its_step() -> None:
    steps = STEP.findall(files.__doc__ or "")
    assert [int(number) for number, _names in steps] == list(range(1, 13))
    for number, names in steps:
        for name in names.split(", "):
            module, _dot, function = name.partition(".")
            found = getattr(importlib.import_module(f"vanthu_cli.validation.{module}"), function)
            said = re.findall(r"[Rr]ecipe, steps? ([\d and]+)", found.__doc__)
            assert number in re.findall(r"\d+", " ".join(said)), name

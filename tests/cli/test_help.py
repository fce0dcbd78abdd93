"""Help, and how quickly it comes."""

import subprocess
import sys

import pytest

HEAVY = ("streamlit", "pandas", "torch", "transformers", "rich", "tiktoken", "numpy")


@pytest.mark.parametrize("command", ["inspect", "prepare", "check", "estimate"])
def test_every_command_explains_itself_with_examples(cli, command):
    done = cli(command, "--help")
    assert done.returncode == 0
    assert f"python -m lib.cli {command} " in done.stdout.partition("Examples")[2] or "示例" in done.stdout


def test_help_loads_nothing_heavy(cli):
    told = f"import sys, lib.cli.__main__ as m; m.parser(); print([x for x in {HEAVY!r} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_command_loads_a_screen_or_a_trainer():
    names = ["inspecting", "preparing", "checking", "estimating"]
    told = "import sys\nfrom importlib import import_module\n" + "".join(
        f"import_module('lib.cli.{name}')\n" for name in names
    )
    told += "print([x for x in ('streamlit', 'pandas', 'torch', 'transformers') if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_command_that_is_none_is_refused(cli):
    assert cli("train", "x").returncode == 2

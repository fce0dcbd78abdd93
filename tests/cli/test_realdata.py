"""Every command over real files: no crash, refusals with a way out, and recipes that change nothing the second time."""

import json
import os
from pathlib import Path

import pytest

from lib import config
from lib.cli.__main__ import main
from lib.i18n import resolve_language_with

REAL = Path(os.environ.get("TUNEBOARD_REALDATA", config.ROOT.parent / "shared" / "realdata"))
FILES = sorted(path for path in REAL.rglob("*") if path.is_file() and path.name != "MANIFEST.csv")


@pytest.fixture(autouse=True)
def english():
    """Give the language back that a command sets for its process."""
    yield
    resolve_language_with(lambda: "en")


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_file_is_inspected_prepared_and_priced_or_refused_in_words(path, tmp_path, capsys):
    status = main(["inspect", str(path), "--json", "--lang", "en"])
    found = json.loads(capsys.readouterr().out)
    assert status in (0, 1, 2)
    assert all(problem["message"] and problem["fix"] for problem in found["problems"])
    assert "fault" not in {problem["code"] for problem in found["problems"]}

    out, recipe, again = tmp_path / "out.jsonl", tmp_path / "recipe.json", tmp_path / "again.jsonl"
    made = main(["prepare", str(path), "-o", str(out), "--yes", "--save-recipe", str(recipe), "--lang", "en"])
    assert made in (0, 1) if found["examples"] else made in (1, 2)
    if not out.exists():
        return
    main(["prepare", str(out), "-o", str(again), "--recipe", str(recipe), "--lang", "en"])
    assert again.read_bytes() == out.read_bytes()
    capsys.readouterr()
    assert main(["estimate", str(path), "--model", "openai", "--json", "--lang", "en"]) == 0
    assert json.loads(capsys.readouterr().out)["billed_tokens"] > 0

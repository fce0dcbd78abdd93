"""The documents say what the code does: codes, settings, packages, links, and what the command line prints."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys

import pytest

from lib.config import ROOT, Settings
from lib.datasets.recipe import Recipe
from lib.datasets.rules import private_patterns
from lib.datasets.rules.all_rules import CHANGES, COMPARING, RULES
from lib.datasets.rules.characters import KINDS
from lib.datasets.rules.talk import PROBLEMS
from lib.datasets.shapes.formats import WORDS
from lib.datasets.shapes.skips import REASONS
from lib.workbench.targets import services
from lib.workbench.words import LIMIT_WORDS, TRAIT_WORDS

READMES = ("README.md", "README.zh-CN.md")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/*/README.md")])
DATA = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
SEVERITIES = dict(re.findall(r"^\| `(\w+)` \| (error|warning|hint) \|", DATA, re.MULTILINE))
"""Code -> severity, as the tables of docs/data.md say."""


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def codes_in(text):
    return set(re.findall(r"`(\w+)`", text))


def written_findings():
    """Return (code, severity) of every Finding that a rule's source names outright."""
    for path in (ROOT / "lib" / "datasets" / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                code, severity = (getattr(argument, "value", None) for argument in node.args[:2])
                if isinstance(code, str):
                    yield code, severity if isinstance(severity, str) else None


def test_every_code_is_named_in_the_reference():
    private = {f"private_{kind}" for kind in private_patterns.PLACEHOLDERS}
    words = {words.code for words in (*LIMIT_WORDS.values(), *TRAIT_WORDS.values())}
    marks = {f"{start}_{end}" for start in ("separator", "stop") for end in ("inside", "not_set")}
    codes = {rule.code for rule in RULES} | {code for code, _severity in written_findings()} | set(REASONS)
    codes |= set(PROBLEMS) | set(KINDS) | private | words | marks | set(CHANGES) | set(COMPARING)
    assert codes - codes_in(DATA) == set()


def test_severities_are_those_of_the_rules():
    told = {code: words.severity for code, words in PROBLEMS.items()}
    told |= {code: kind.severity for code, kind in KINDS.items()}
    told |= {code: severity for code, severity in written_findings() if severity}
    assert {code: SEVERITIES.get(code) for code in told} == told


def ask(*arguments, language="en"):
    """Return what a command prints."""
    command = [sys.executable, "-m", "lib.cli", *arguments, "--lang", language]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)
    return done.stdout


def keys_of(answer):
    """Yield every key of an answer, those of its parts too; roles are the user's."""
    if isinstance(answer, list):
        for part in answer:
            yield from keys_of(part)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            yield key
            yield from () if key == "roles" else keys_of([*value.values()] if key == "mapping" else value)


def test_every_key_is_named_in_the_reference(tmp_path):
    file = tmp_path / "broken.jsonl"
    file.write_text('{"prompt": "a", "completion": "b", "name": "c"}\n{"prompt": \n', encoding="utf-8")
    inspected = ask("inspect", str(file), "--json")
    checked = ask("check", str(file), "--target", "azure", "--json")
    estimated = ask("estimate", "data/samples/headlines.jsonl", "--model", "engine:starter", "--json")
    keys = {key for answer in (inspected, checked, estimated) for key in keys_of(json.loads(answer))}
    assert keys - codes_in(DATA) == set()


def test_every_service_format_and_part_of_a_recipe_is_named_in_the_reference():
    named = (
        {service.service for service in services()}
        | set(Recipe().to_json())
        | set(WORDS) - {"chat_tools", "chat_images"}
    )
    assert named - codes_in(DATA) == set()


@pytest.mark.parametrize("name", READMES)
def test_every_setting_is_named_and_no_other(name):
    named = set(re.findall(r"TUNEBOARD_([A-Z_]+)", text_of(name) + text_of("docs/engine.md")))
    assert named == {field.upper() for field in Settings.model_fields}
    assert f"| `TUNEBOARD_MAX_UPLOAD_MB` | {Settings.model_fields['max_upload_mb'].default} |" in text_of(name)


@pytest.mark.parametrize("name", READMES)
def test_every_package_has_its_line(name):
    rows = re.findall(r"^\| ([^|`]+) \|", text_of(name), re.MULTILINE)
    packages = {package.strip() for row in rows for package in re.split(r"[,、]", row)}
    for line in text_of("requirements.txt").splitlines():
        if line and not line.startswith("#"):
            assert line.partition("==")[0] in packages
    for line in text_of("requirements-dev.txt").splitlines():
        if "==" in line:
            assert line.partition("==")[0] in text_of(name)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]
    assert [file for file in files if not (path.parent / file).exists()] == []


def examples(name):
    """Return (language, command, output) of every example of the command line in a README."""
    blocks = re.findall(r"^```\n\$ (.+)\n([\s\S]+?)^```", text_of(name), re.MULTILINE)
    return [("zh" if "zh" in name else "en", command, output.splitlines()) for command, output in blocks]


@pytest.mark.parametrize(("language", "command", "shown"), [*examples(READMES[0]), *examples(READMES[1])])
def test_the_command_line_prints_what_the_readme_shows(tmp_path, language, command, shown):
    asked = shlex.split(command.replace("-o for_azure", f"-o {tmp_path}/for_azure"))
    printed = iter(ask(*asked[3:], language=language).replace(f"{tmp_path}/", "").splitlines())
    assert [line for line in shown if line != "…" and line not in printed] == []


def test_both_readmes_show_each_command_once():
    english, chinese = ([command for _language, command, _output in examples(name)] for name in READMES)
    assert english == chinese
    assert sorted(command.split()[3] for command in english) == ["check", "estimate", "inspect", "prepare"]

"""Keep the Chinese catalogue in step with the code.

`python -m scripts.strings update` collects every English source string (the literals given to `_`, `N_` and
`translate`, and the `what`, `why` and `todo` of errors) into `lib/locales/zh_CN/LC_MESSAGES/tuneboard.po`, keeping
the translations that still apply. `python -m scripts.strings check` exits with 1 and names what is missing,
left over, or written on a screen without going through `_()`.
"""

from __future__ import annotations

import ast
import re
import string
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from lib.config import ROOT
from lib.i18n import LOCALES

PO = LOCALES / "zh_CN" / "LC_MESSAGES" / "tuneboard.po"
MARKERS = {"_", "N_", "translate"}
ERROR_FIELDS = {"what", "why", "todo"}
SENTENCE = re.compile(r"[A-Za-z]{2,},? [A-Za-z]{2,}|[一-鿿]")
"""Two words with a space between them, or a Chinese character: text meant for a reader."""
WORD = re.compile(r"[A-Za-z]{2}")
LABELLED = re.compile(
    "button|caption|checkbox|download_button|error|expander|file_uploader|form_submit_button|header|info|link_button"
    "|markdown|metric|multiselect|number_input|page_link|radio|segmented_control|selectbox|slider|status|subheader"
    "|success|text|text_area|text_input|title|toast|toggle|warning|write"
)
"""Streamlit calls whose first argument is read by people."""


def sources() -> list[Path]:
    """Return the files whose strings a reader may see; the engine speaks English only."""
    files = [*sorted(ROOT.glob("pages/*.py")), *sorted(ROOT.glob("lib/**/*.py")), ROOT / "scripts" / "demo.py"]
    return [path for path in files if "engine" not in path.relative_to(ROOT).parts]


def screens() -> list[Path]:
    """Return the files that draw."""
    return sorted(ROOT.glob("pages/*.py")) + sorted(ROOT.glob("lib/ui/**/*.py"))


def marked(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield each expression that is to be translated."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS and node.args:
            yield node.args[0]
        if isinstance(node, ast.ClassDef):
            yield from (line.value for line in node.body if isinstance(line, ast.Assign) and names(line) & ERROR_FIELDS)


def names(line: ast.Assign) -> set[str]:
    return {target.id for target in line.targets if isinstance(target, ast.Name)}


def extract() -> dict[str, list[tuple[str, int]]]:
    """Return source string -> places (file, line) over all sources."""
    found: dict[str, list[tuple[str, int]]] = {}
    for path in sources():
        for value in marked(ast.parse(path.read_text("utf-8"))):
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                found.setdefault(value.value, []).append((path.relative_to(ROOT).as_posix(), value.lineno))
    return found


def update() -> None:
    """Rewrite the catalogue: strings in order, places without line numbers so that diffs stay small."""
    old = read_catalogue()
    header = "# Tuneboard in Chinese. Made by `make strings`; the translations are written by hand."
    day = old.creation_date  # kept, so that only strings make a diff
    fresh = Catalog("zh_CN", header_comment=header, project="Tuneboard", version="1", creation_date=day, fuzzy=False)
    fresh.revision_date = day
    for text, places in sorted(extract().items()):
        known = old.get(text)
        fresh.add(text, known.string if known else "", locations=sorted({(file, 0) for file, _line in places}))
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, fresh, include_lineno=False, omit_header=False, width=0)


def read_catalogue() -> Catalog:
    if not PO.exists():
        return Catalog(locale="zh_CN")
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN")


def fields(template: str) -> set[str]:
    """Return the names of the `{fields}` in a template."""
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(template) if name is not None}


def catalogue_problems() -> list[str]:
    """Name each string that lacks a translation, has other fields than its translation, or is in no code any more."""
    catalogue, wanted = read_catalogue(), extract()
    problems = []
    for text, places in sorted(wanted.items()):
        message = catalogue.get(text)
        where = f"{places[0][0]}:{places[0][1]}"
        if message is None or not message.string:
            problems.append(f"{where}: not translated: {text!r}")
        elif fields(text) != fields(str(message.string)):
            problems.append(f"{where}: other fields in the translation: {text!r}")
    problems += [f"{PO.name}: no longer in the code: {m.id!r}" for m in catalogue if m.id and m.id not in wanted]
    return problems


def literal_problems() -> list[str]:
    """Name each sentence on a screen, and each marked f-string, that no catalogue can hold."""
    problems = []
    for path in screens():
        tree = ast.parse(path.read_text("utf-8"))
        allowed = docstrings(tree) | logged(tree)
        for value in marked(tree):
            if isinstance(value, ast.JoinedStr):
                problems.append(f"{path.relative_to(ROOT)}:{value.lineno}: an f-string can't be translated")
            allowed |= {id(node) for node in ast.walk(value)}
        for node in (n for n in ast.walk(tree) if isinstance(n, ast.expr)):
            text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if text and id(node) not in allowed and SENTENCE.search(text):
                problems.append(f"{path.relative_to(ROOT)}:{node.lineno}: a sentence outside _(): {text[:60]!r}")
            if isinstance(node, ast.Call) and id(node) not in allowed and bare_label(node):
                problems.append(f"{path.relative_to(ROOT)}:{node.lineno}: a label outside _()")
    return problems


def bare_label(call: ast.Call) -> bool:
    """Say whether a Streamlit call shows a literal word."""
    if not (isinstance(call.func, ast.Attribute) and LABELLED.fullmatch(call.func.attr) and call.args):
        return False
    first = call.args[0]
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and bool(WORD.match(first.value))


def docstrings(tree: ast.AST) -> set[int]:
    """Return the ids of nodes that hold documentation."""
    return {
        id(line.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for line in node.body
        if isinstance(line, ast.Expr)
    }


def logged(tree: ast.AST) -> set[int]:
    """Return the ids of nodes written to the log, which is in English: `log.info("...")`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    return {
        id(part)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        for part in ast.walk(call)
    }


def main(arguments: list[str]) -> int:
    if arguments == ["update"]:
        update()
        return 0
    if arguments != ["check"]:
        print("usage: python -m scripts.strings update | check")
        return 2
    problems = catalogue_problems() + literal_problems()
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"{len(extract())} strings, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

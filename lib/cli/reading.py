"""From the arguments to an open file with a recipe."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lib.cli.errors import BadRecipe, NoSuchFile, RecipeDoesNotFit, UnknownRole, ValidationDoesNotFit
from lib.datasets.errors import NoUsableColumns
from lib.datasets.recipe import COMPLETION, PREFERENCE, Recipe
from lib.datasets.saved_recipe import load_recipe
from lib.datasets.shapes.convert import require_columns
from lib.datasets.shapes.mapping import Guess, Role, guess_roles
from lib.datasets.shapes.plans import ANSWER
from lib.datasets.shapes.suggest import marks_in, suggest_recipe
from lib.datasets.shapes.templates import text_of
from lib.datasets.shapes.together import together
from lib.datasets.source import Source, open_source
from lib.datasets.table import Table
from lib.workbench.export import SPELLINGS
from lib.workbench.targets import Target

MARK = b"\xef\xbb\xbf"
NATIVE = {
    "completion": {"prompt", "completion"},
    "chat": {"messages"},
    "preference": {"input", "preferred_output", "non_preferred_output"},
    "reinforcement": {"messages"},
}
"""Format -> the fields that its examples have in the file of a service."""


@dataclass(frozen=True)
class Opened:
    """A file that was opened, and how its rows become examples."""

    path: Path
    table: Table
    """The first rows of the file as it was read."""
    source: Source
    """What examples are made of: the rows of the file, or the conversations that its rows are the lines of."""
    recipe: Recipe
    guess: Guess
    given: frozenset[str]
    """Columns whose role somebody gave."""
    work: Path
    """Folder for what is written on the way; it is gone afterwards."""
    gathered: int | None = None
    """Rows of the file, where `source` has other rows; None where they are the same."""
    unusable: NoUsableColumns | None = None
    """Why the file gives no examples at all; only where that was asked for."""

    def ready(self, target: Target | None = None) -> bool:
        """Say whether the file could be sent as it stands: JSON Lines in a format, and the spelling of the target."""
        fields = NATIVE[self.recipe.format]
        if target and self.recipe.format == PREFERENCE:
            fields = SPELLINGS[target.limits.get("preference", "output")]
        return self.source.kind == "objects" and fields <= set(self.source.table.columns)

    def as_it_stands(self) -> Opened:
        """Return a file that could be sent as it stands without what preparing it would add; its own marks are kept."""
        if not self.ready() or self.given:
            return self
        separator, stop = "", ""
        if self.recipe.format == COMPLETION:
            asked, answered = (list(map(text_of, self.table.column(name))) for name in ("prompt", "completion"))
            separator, stop = marks_in([text for text in asked if text], answered)
        return replace(self, recipe=replace(self.bare(), separator=separator, stop=stop))

    def bare(self) -> Recipe:
        """Return the recipe without anything that it would add to the texts of the file."""
        return replace(self.recipe, separator="", stop="", leading_space=False, system_prompt="")

    @property
    def marked(self) -> bool:
        """Say whether the file begins with a byte order mark."""
        with self.path.open("rb") as file:
            return file.read(len(MARK)) == MARK


@contextmanager
def opened(
    chosen: Namespace, target: Target | None = None, *, convert: bool = True, anyway: bool = False
) -> Iterator[Opened]:
    """Open the file that was asked for; raises `DatasetError` and what `lib.cli.errors` lists.

    Args:
        chosen: the arguments.
        target: who is to take the examples; decides the format where nobody chose one.
        convert: also bring a file that has a format already into one that the target takes.
        anyway: open it even if no column can be learnt from, to say what it is.
    """
    with tempfile.TemporaryDirectory(prefix="tuneboard-") as folder:
        work = Path(folder)
        source = read(chosen.file, chosen, work)
        guess = guess_roles(source.table)
        unusable = None
        try:
            recipe = recipe_for(source, guess, chosen, target, convert=convert)
        except NoUsableColumns as problem:
            if not anyway:
                raise
            recipe, unusable = Recipe(), problem
        given = frozenset(recipe.roles if chosen.recipe else dict(chosen.role))
        rows = source if unusable else together(source, recipe, work)
        gathered = None if rows is source else source.rows
        yield Opened(chosen.file, source.table, rows, recipe, guess, given, work, gathered, unusable)


def read(path: Path, chosen: Namespace, work: Path) -> Source:
    """Open a file as the arguments say it is to be read."""
    try:
        with path.open("rb"):
            pass
        return open_source(
            path,
            path.name,
            work,
            encoding=chosen.encoding,
            delimiter=chosen.delimiter,
            sheet=chosen.sheet,
            header=chosen.header,
        )
    except OSError as problem:
        raise NoSuchFile(file=str(path), detail=problem.strerror or str(problem)) from problem


def validation_of(file: Opened, chosen: Namespace) -> Opened | None:
    """Return the validation file that was named, under the recipe of the training file.

    Raises `ValidationDoesNotFit` where that makes nothing of it.
    """
    if not chosen.validation:
        return None
    source = read(chosen.validation, chosen, file.work)
    try:
        require_columns(source.table, file.recipe)
    except NoUsableColumns as problem:
        columns = ", ".join(source.table.columns[:5])
        raise ValidationDoesNotFit(file=str(chosen.validation), columns=columns) from problem
    rows = together(source, file.recipe, file.work)
    return replace(file, path=chosen.validation, table=source.table, source=rows)


def recipe_for(source: Source, guess: Guess, chosen: Namespace, target: Target | None, *, convert: bool) -> Recipe:
    """Return the recipe that was given, or one that fits the file and the target."""
    if chosen.recipe:
        return saved_recipe(chosen.recipe, source)
    roles = {**guess.roles, **asked_roles(chosen.role, source.table.columns)}
    if chosen.format:
        return suggest_recipe(source.table, roles, chosen.format)
    recipe = suggest_recipe(source.table, roles)
    convertible = target is not None and (convert or source.kind == "cells" or source.table.shape == "flat")
    if target is None or not convertible or recipe.format in target.formats:
        return recipe
    plain = [kind for kind in target.formats if kind in ("chat", "completion")]
    if recipe.format in ("chat", "completion") and plain:
        return suggest_recipe(source.table, roles, plain[0])
    return recipe


def saved_recipe(path: Path, source: Source) -> Recipe:
    """Return a recipe from a file; raises `BadRecipe` when it does not fit."""
    try:
        recipe = load_recipe(path.read_bytes())
    except OSError as problem:
        raise NoSuchFile(file=str(path), detail=problem.strerror or str(problem)) from problem
    except ValueError as problem:
        raise BadRecipe(file=str(path), detail=str(problem)) from problem
    if not ANSWER & set(recipe.roles.values()):
        raise BadRecipe(file=str(path), detail=f"roles: {', '.join(map(str, recipe.roles.values()))}")
    try:
        require_columns(source.table, recipe)
    except NoUsableColumns as problem:
        raise RecipeDoesNotFit(file=str(path), columns=", ".join(list(recipe.roles)[:5])) from problem
    return recipe


def asked_roles(given: list[tuple[str, str]], columns: list[str]) -> dict[str, Role]:
    """Return the roles of --role; raises `UnknownRole` for a column or role that is not there."""
    for column, role in given:
        if column not in columns:
            raise UnknownRole(kind="column", name=column, known=", ".join(columns[:20]))
        if role not in list(Role):
            raise UnknownRole(kind="role", name=role, known=", ".join(Role))
    return {column: Role(role) for column, role in given}

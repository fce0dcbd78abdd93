"""What the screen works on: one file, read one way, under one recipe, with what was changed by hand.

All of it lives in the draft, which lives in the database. Callbacks change the draft and nothing else; the page is
then drawn from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from lib import library
from lib.datasets.corrections import Corrections
from lib.datasets.recipe import Fix, Recipe
from lib.datasets.shapes.together import changes_rows, together
from lib.datasets.source import Source
from lib.datasets.table import Table
from lib.pricing.tokens import TokenModel, token_model
from lib.ui import drafts
from lib.workbench.background import Spec
from lib.workbench.background_files import spools
from lib.workbench.targets import Target, chief_targets, find_target

KIND = "data"
OF_ROWS, OF_CONVERSATIONS = "corrections", "corrections_of_conversations"
"""Where a draft holds what was changed by hand: a row number means another thing once lines are put together."""
QUOTES = {"double": '"', "single": "'", "none": ""}
HEADERS = {"no": 0, "yes": 1, "2": 2, "3": 3}
"""What a draft says of the mark around cells and of the rows that name the columns -> what `open_source` takes."""


@dataclass(frozen=True)
class Work:
    """A file under a recipe. `read_as` names the bytes and the way they were read."""

    draft_id: str
    state: Mapping[str, Any]
    read_as: str
    source: Source
    recipe: Recipe
    corrections: Corrections
    target: Target
    """The model whose tokens are counted."""
    validation: frozenset[int] = frozenset()
    """Hashes of what a second file asks, to find leaks."""
    held: str = OF_ROWS
    """Where the draft holds the corrections."""

    @property
    def table(self) -> Table:
        """Return the head of the file."""
        return self.source.table

    @property
    def tokens(self) -> TokenModel:
        """Return how tokens are counted: by the target's own tokenizer, or by one that splits text alike."""
        if self.target.service == "engine":
            return token_model(self.target.model, "engine")
        return token_model(self.target.priced.id if self.target.priced else self.target.model)

    def spec(self, what: Literal["survey", "prepare"]) -> Spec:
        """Return what is to be done with the whole file. Its key names the outcome and nothing else."""
        counts = what == "survey"
        return Spec(
            what,
            self.state["sha256"],
            self.state["name"],
            how_read(self.state),
            self.recipe,
            self.corrections,
            self.tokens if counts else None,
            self.target.context if counts else None,
            self.validation,
        )


def how_read(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a draft's file is to be read, as `open_source` takes it; what is not chosen is found out."""
    chosen = {name: state.get(name) or None for name in ("encoding", "delimiter", "sheet")}
    return {
        **chosen,
        "quote": QUOTES.get(state.get("quote") or ""),
        "header": HEADERS.get(state.get("header") or ""),
    }


def work_of(
    draft_id: str, state: dict[str, Any], read_as: str, source: Source, validation: frozenset[int] = frozenset()
) -> Work:
    """Return the work that a draft holds.

    Where the rows are lines of conversations, the conversations are worked on; where they hold several examples, those.
    """
    recipe, target = Recipe.from_json(state["recipe"]), find_target(state.get("model") or default_model())
    held = OF_ROWS
    if changes_rows(recipe, source.table.columns):
        held, read_as = OF_CONVERSATIONS, f"{read_as}|{json.dumps([recipe.roles, recipe.joiner, recipe.speakers])}"
        source = _together(source, recipe, read_as)
    corrections = Corrections.from_json(state.get(held) or {})
    return Work(draft_id, state, read_as, source, recipe, corrections, target, validation, held)


@st.cache_resource(max_entries=4, show_spinner=False)
def _together(_source: Source, _recipe: Recipe, key: str) -> Source:
    return together(_source, _recipe, spools())


def default_model() -> str:
    """Return the model whose tokens are counted when nobody chose one: the first of the first service."""
    return chief_targets()[0].name


def keep(draft_id: str, **values: Any) -> None:
    """Write values into the draft beside those it holds."""
    library.save_draft(draft_id, KIND, {**(library.draft(draft_id, KIND) or {}), **values})


def change_recipe(draft_id: str, change: Callable[[Recipe], Recipe]) -> None:
    """Change the recipe in the draft, and let the widgets start from it again."""
    state = library.draft(draft_id, KIND) or {}
    if state.get("recipe"):
        keep(draft_id, recipe=change(Recipe.from_json(state["recipe"])).to_json())
        drafts.forget(KIND)


def change_recipe_field(draft_id: str, field: str, value: Any) -> None:
    """Change one field of the recipe in the draft, whose widget holds the value already."""
    held = (library.draft(draft_id, KIND) or {}).get("recipe")
    if held:
        keep(draft_id, recipe={**held, field: value})


def change_corrections(work: Work, change: Callable[[Corrections], Corrections]) -> None:
    """Change in the draft what was changed by hand."""
    state = library.draft(work.draft_id, KIND) or {}
    keep(work.draft_id, **{work.held: change(Corrections.from_json(state.get(work.held) or {})).to_json()})


def name_fix(fix: Fix) -> str:
    """Return a short name for widgets about a fix: the same for the same fix."""
    return hashlib.sha256(json.dumps(fix, sort_keys=True).encode()).hexdigest()[:12]

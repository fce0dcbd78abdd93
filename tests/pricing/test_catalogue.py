"""Every figure has a source and a day, and every id finds the model that was trained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml

from lib.config import CATALOGUE
from lib.pricing.catalogue import CatalogueModel, base_model, find, models
from lib.pricing.encodings import RANKS


def documents() -> Iterator[dict[str, Any]]:
    for file in sorted(CATALOGUE.glob("*.yaml")):
        yield yaml.safe_load(file.read_text("utf-8"))


def known(model_id: str) -> CatalogueModel:
    model = find(model_id)
    assert model is not None
    return model


@pytest.mark.parametrize("model", models(), ids=lambda model: model.id)
def test_every_model_has_a_price_or_says_none_is_known(model: CatalogueModel) -> None:
    for price in (model.train_per_mtok, model.input_per_mtok, model.output_per_mtok):
        assert price is None or price > 0
    assert model.train_per_mtok is not None or model.train_per_hour is not None
    assert model.source.startswith("https://")
    assert model.dates_source.startswith("https://")
    assert date(2026, 1, 1) <= model.read_on <= date.today()


def test_every_block_of_figures_names_a_source_with_the_day_it_was_read() -> None:
    for document in documents():
        assert all(
            s["url"].startswith("https://") and isinstance(s["read_on"], date) for s in document["sources"].values()
        )
        for entry in document["models"]:
            blocks = [entry["price"], entry["dates"], entry["context"], *filter(None, [entry.get("epochs")])]
            assert {block["from"] for block in blocks} <= set(document["sources"])


def test_an_id_or_alias_names_one_model_only() -> None:
    names = [name for model in models() for name in (model.id, *model.aliases)]
    assert len(names) == len(set(names))


def test_every_encoding_can_be_loaded_offline() -> None:
    assert {model.encoding for model in models()} <= set(RANKS)


@pytest.mark.parametrize(
    ("tuned", "base"),
    [
        ("ft:gpt-4.1-mini-2025-04-14:my-org:stories:AbC12345", "gpt-4.1-mini-2025-04-14"),
        ("ft:gpt-4o-mini-2024-07-18:org::id:ckpt-step-88", "gpt-4o-mini-2024-07-18"),
        ("curie:ft-my-org-2023-01-01-00-00-00", "curie"),
        ("gpt-4.1-2025-04-14.ft-0123456789abcdef", "gpt-4.1-2025-04-14"),
        ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B"),
    ],
)
def test_a_tuned_model_is_known_by_its_base(tuned: str, base: str) -> None:
    assert base_model(tuned) == base


def test_an_undated_name_finds_the_snapshot_it_stands_for() -> None:
    assert known("gpt-4.1-mini") is known("gpt-4.1-mini-2025-04-14")


def test_an_unknown_model_is_not_mistaken_for_another() -> None:
    assert find("gpt-4.1-mini-imitation") is None
    assert find("") is None


def test_a_model_is_retired_from_its_day_on() -> None:
    model = known("gpt-4.1-2025-04-14")
    assert not model.is_retired(date(2027, 1, 5))
    assert model.is_retired(date(2027, 1, 6))
    assert model.shutdown == date(2027, 1, 14)


@pytest.mark.parametrize("name", ["ada", "babbage", "curie", "davinci", "gpt-3.5-turbo"])
def test_historic_models_are_priced_and_retired(name: str) -> None:
    assert known(name).train_per_mtok
    assert known(name).is_retired(date(2026, 11, 20))

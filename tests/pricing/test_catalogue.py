"""Every figure has a source and a day, and every id finds the model that was trained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml

from lib.config import CATALOGUE
from lib.pricing.catalogue import CatalogueModel, base_model, find, find_named, models
from lib.pricing.encodings import RANKS


def documents() -> Iterator[dict[str, Any]]:
    for file in sorted(CATALOGUE.glob("*.yaml")):
        yield yaml.safe_load(file.read_text("utf-8"))


def known(model_id: str) -> CatalogueModel:
    model = find(model_id)
    assert model is not None
    return model


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_every_model_has_a_price_or_says_none_is_known(model: CatalogueModel) -> None:
    for price in (model.train_per_mtok, model.input_per_mtok, model.output_per_mtok, model.train_per_hour):
        assert price is None or price > 0
    for page in (model.source, model.context_source, model.billing.source, model.billing.hosting_source):
        assert page.startswith("https://")
    assert (model.dates_source is None) == (model.retired is None)
    assert date(2026, 1, 1) <= model.read_on <= date.today()


@pytest.mark.parametrize("model", [m for m in models() if m.service == "openai"], ids=lambda model: model.id)
def test_openai_publishes_what_each_of_its_models_costs(model: CatalogueModel) -> None:
    assert model.train_per_mtok is not None or model.train_per_hour is not None
    assert model.input_per_mtok
    assert model.output_per_mtok


def test_every_service_has_a_file_of_its_own() -> None:
    services = {"openai", "azure", "nebius", "crusoe", "together", "fireworks", "alibaba"}
    assert {file.stem for file in CATALOGUE.glob("*.yaml")} == services
    assert {model.service for model in models()} == services


def test_every_block_of_figures_names_a_source_with_the_day_it_was_read() -> None:
    for document in documents():
        for source in document["sources"].values():
            assert source["url"].startswith("https://")
            assert isinstance(source["read_on"], date)
        blocks = [document["bills"], document["hosting"]]
        for entry in document["models"]:
            blocks += [entry["price"], entry["context"]]
            blocks += [entry[name] for name in ("dates", "epochs") if name in entry]
        assert {block["from"] for block in blocks} == set(document["sources"])


def test_an_id_or_alias_names_one_model_of_a_service_only() -> None:
    names = [(model.service, name) for model in models() for name in (model.id, *model.aliases)]
    assert len(names) == len(set(names))


def test_every_encoding_can_be_loaded_offline() -> None:
    assert {model.encoding for model in models()} - {None} <= set(RANKS)


def named(name: str) -> CatalogueModel:
    model = find_named(name)
    assert model is not None
    return model


def test_a_model_is_named_by_its_service() -> None:
    assert named("openai:gpt-4.1-mini-2025-04-14").train_per_mtok == 5.0
    assert named("azure:gpt-4.1-mini-2025-04-14").train_per_mtok is None
    assert named("gpt-4.1-mini").service == "openai"
    assert named("ft:gpt-4.1-mini-2025-04-14:org::id").name == "openai:gpt-4.1-mini-2025-04-14"
    assert named("openai:ft:gpt-4.1-mini-2025-04-14:org::id").name == "openai:gpt-4.1-mini-2025-04-14"
    assert find_named("openai:gpt-9") is None
    assert find_named("nobody:gpt-4.1") is None


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("together:Qwen/Qwen3-8B", 0.48),
        ("together:Qwen/Qwen3-30B-A3B-Instruct-2507", 1.50),
        ("together:meta-llama/Llama-3.3-70B-Instruct", 2.90),
        ("nebius:meta-llama/Meta-Llama-3.1-8B-Instruct", 0.40),
        ("nebius:meta-llama/Llama-3.3-70B-Instruct", 2.80),
        ("nebius:Qwen/Qwen2.5-0.5B", 0.40),
        ("alibaba:qwen3-8b", None),
    ],
)
def test_an_open_model_is_priced_by_its_size(name: str, price: float | None) -> None:
    assert named(name).train_per_mtok == price
    assert named(name).name == name


def test_a_size_that_nobody_prices_finds_nothing() -> None:
    assert find_named("together:deepseek-ai/DeepSeek-V3-671B") is None
    assert find_named("together:a-model-of-unknown-size") is None


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

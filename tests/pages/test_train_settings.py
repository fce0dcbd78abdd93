"""Train: settings of one service alone, metadata, and settings that come from elsewhere and go there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lib.config import settings
from lib.jobs import records
from lib.jobs.launch import LaunchSpec
from lib.jobs.saved import to_yaml
from tests.pages import road
from tests.pages.backend import STARTER, Backend, running
from tests.pages.conftest import Visit

OPEN = {**STARTER, "id": "open-model", "tuneboard": {**STARTER["tuneboard"], "root": "open-model"}}  # type: ignore[dict-item]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    with running() as backend:
        backend.models = [STARTER, OPEN]
        monkeypatch.setenv("TUNEBOARD_ENGINE_URL", backend.url)
        settings.cache_clear()
        yield backend


def test_the_engines_own_settings_and_metadata_are_launched(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories().id, model="engine/open-model")
    assert not at.exception
    at.selectbox(key="train_knob_lora").set_value(True)
    at.number_input(key="train_knob_lora_r").set_value(16)
    at.number_input(key="train_knob_warmup_ratio").set_value(0.1)
    at.text_area(key="train_metadata").set_value("team=stories\n\nplain").run()
    at.button(key="train_launch").click().run()
    asked = records.jobs()[0].settings
    assert asked["knobs"] == {"lora": True, "lora_r": 16, "warmup_ratio": 0.1}
    assert asked["metadata"] == {"team": "stories", "plain": ""}


def test_a_starter_has_no_adapter_to_set(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.stories().id, model="engine/starter")
    keys = {widget.key for widget in (*at.number_input, *at.selectbox)}
    assert "train_knob_weight_decay" in keys
    assert "train_knob_lora" not in keys


def test_a_hosted_model_has_none_of_the_engines_settings(visit: Visit, engine: Backend) -> None:
    at = visit("train", version=road.chats().id, model="openai/gpt-4.1-mini-2025-04-14")
    assert not [widget for widget in at.number_input if "knob" in str(widget.key)]


def test_the_launch_is_shown_as_python_and_curl_without_a_key(visit: Visit, engine: Backend) -> None:
    shown = [code.value for code in visit("train", version=road.stories().id).code]
    assert "fine_tuning.jobs.create(" in shown[0]
    assert "curl" in shown[1]
    assert all('"n_epochs"' in code or "'n_epochs'" in code for code in shown)


def test_a_copy_of_an_earlier_job_asks_for_the_same(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    spec = LaunchSpec(
        "engine", "open-model", version.id, epochs=4, batch_size=8, seed=7, validation_fraction=0.2,
        knobs={"lora_r": 8, "packing": False}, metadata={"team": "a"},
    )  # fmt: skip
    at = visit("jobs", job=road.job(version, settings=spec.to_json(), status="succeeded"))
    at.button(key="jobs_copy").click().run()
    assert not at.exception
    assert at.number_input(key="train_epochs").value == 4
    assert at.number_input(key="train_knob_lora_r").value == 8
    assert at.selectbox(key="train_knob_packing").value is False
    at.button(key="train_launch").click().run()
    assert records.jobs()[0].settings == spec.to_json()


def test_settings_from_a_file_fill_the_form_and_a_strange_file_changes_nothing(visit: Visit, engine: Backend) -> None:
    version = road.stories()
    at = visit("train", version=version.id, model="engine/starter")
    spec = LaunchSpec("engine", "open-model", "of another server", epochs=9)
    at.file_uploader(key="train_settings_file").set_value(("launch.yaml", to_yaml(spec, "x").encode(), "")).run()
    assert not at.exception
    assert at.number_input(key="train_epochs").value == 9
    assert at.selectbox(key="train_version").value == version.id
    assert at.selectbox(key="train_model").value == "engine/open-model"
    at.file_uploader(key="train_settings_file").set_value(("other.yaml", b"a: 1", "")).run()
    assert any("holds no launch settings" in road.plain(error.proto.title) for error in at.error)
    assert at.number_input(key="train_epochs").value == 9

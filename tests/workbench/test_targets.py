"""Names of targets, and what their files say."""

import pytest
import yaml

from lib.engine.models import bases
from lib.workbench.targets import TARGETS, UnknownTarget, all_targets, chief_targets, find_target, services
from lib.workbench.words import LIMIT_WORDS, TRAIT_WORDS


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("openai:gpt-4.1-mini-2025-04-14", "openai:gpt-4.1-mini-2025-04-14"),
        ("openai:gpt-4.1-mini", "openai:gpt-4.1-mini-2025-04-14"),
        ("openai:ft:gpt-4.1-mini-2025-04-14:us::abc", "openai:gpt-4.1-mini-2025-04-14"),
        ("ft:gpt-4.1-mini-2025-04-14:us::abc", "openai:gpt-4.1-mini-2025-04-14"),
        ("engine", "engine:starter"),
        ("ft:starter:tuneboard:stories:ab12", "engine:starter"),
        ("davinci", "openai:davinci"),
        ("trl:dpo", "trl:dpo"),
        ("Together:meta-llama/Llama-3.3-70B", "together:meta-llama/Llama-3.3-70B"),
    ],
)
def test_a_target_is_found_by_service_and_model_by_alias_or_by_a_tuned_name(name, meant):
    assert find_target(name).name == meant


@pytest.mark.parametrize(
    ("name", "near"), [("opnai:gpt-4.1", "openai:"), ("openai:gpt-4.1-mni", "openai:gpt-4.1-mini-2025-04-14")]
)
def test_a_mistyped_name_is_refused_with_the_names_that_are_near(name, near):
    with pytest.raises(UnknownTarget) as refused:
        find_target(name)
    assert near in refused.value.explain().todo


def test_every_service_the_issue_names_is_there():
    wanted = {"openai", "azure", "nebius", "crusoe", "together", "fireworks", "alibaba", "engine", "trl"}
    assert {service.service for service in services()} == wanted
    assert {target.service for target in chief_targets()} == wanted


def test_every_rule_has_a_page_with_the_day_it_was_read_and_words_to_tell_it_with():
    told = {rule for words in LIMIT_WORDS.values() for rule in words.rules}
    settings = {"model_suffix", "preference"}
    for target in all_targets():
        for rule in target.limits:
            assert target.source(rule), (target.name, rule)
            assert rule in told | settings, rule
        for trait in target.refuses | target.ignores:
            assert target.source(trait), (target.name, trait)
            assert trait in TRAIT_WORDS or trait.partition(":")[0] in TRAIT_WORDS, trait


def test_what_the_file_says_of_the_engine_is_what_the_engine_does():
    starter = yaml.safe_load((TARGETS / "engine.yaml").read_text("utf-8"))["models"][0]
    epochs = bases.STARTER_EPOCHS
    assert starter["context"] == bases.STARTER_CONTEXT
    assert starter["speed"]["tokens_per_second"] == bases.STARTER_TOKENS_PER_SECOND
    assert starter["speed"]["overhead_seconds"] == bases.OVERHEAD_SECONDS
    assert starter["epochs"] == {"tokens": epochs.tokens, "least": epochs.least, "most": epochs.most}

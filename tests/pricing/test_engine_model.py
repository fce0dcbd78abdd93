"""Tokens of engine models, and what of them is trained, are those of the engine's own trainer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers.processors import TemplateProcessing

from lib.engine.training.data import encode_record
from lib.engine.training.text import ensure_chat_template
from lib.engine.training.tokenizer import train_tokenizer
from lib.pricing.errors import UnreadableTokenizer
from lib.pricing.model_view import model_view
from lib.pricing.tokens import TokenMeter, TokenModel, token_model

QWEN = (
    "{%- if tools %}{{- '<|system|>' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|end|>\\n' }}"
    "{%- endif %}{%- for message in messages %}"
    "{{- '<|' + message.role + '|>' }}{% generation %}"
    "{%- if message.role == 'assistant' and loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{{- message.content | trim }}{% endgeneration %}{{- '<|end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|assistant|>' }}{%- endif %}"
)
STRICT = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] not in ['user', 'assistant'] %}{{ raise_exception('Unknown role') }}{% endif %}"
    "[{{ message['role'] }}] {{ message['content'] }}{{ eos_token }}{% endfor %}"
)
TEMPLATES = {"starter": None, "qwen": QWEN, "strict": STRICT, "none": ""}
TEXTS = st.text(st.sampled_from("aé中 \n文 <|end|>") | st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["<|end|>", "say <|assistant|> twice", "  padded  ", "\ue000"]
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": TEXTS}, optional={"weight": st.sampled_from([0, 1])}
    ),
    min_size=2,
    max_size=5,
)
RECORDS = st.fixed_dictionaries({"messages": MESSAGES}) | st.fixed_dictionaries({"prompt": TEXTS, "completion": TEXTS})


@pytest.fixture(scope="module", params=sorted(TEMPLATES))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Return a tokenizer as the trainer has it, and the folder of the same one."""
    tokenizer: Any = train_tokenizer(["aabbééccdd  \n\n中中文文说说话话", "Once upon a time, once upon a time."] * 2)
    template = TEMPLATES[request.param]
    if template is not None:
        tokenizer.chat_template = template or None
    if request.param == "strict":
        tokenizer.add_special_tokens({"bos_token": "<|start|>"})
        start = ("<|start|>", tokenizer.bos_token_id)
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<|start|> $0", special_tokens=[start])
    folder = tmp_path_factory.mktemp(request.param)
    tokenizer.save_pretrained(folder)
    ensure_chat_template(tokenizer)
    return tokenizer, folder


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(record=RECORDS)
def test_tokens_and_what_is_trained_are_the_trainers(pair: tuple[Any, Path], record: dict[str, Any]) -> None:
    tokenizer, folder = pair
    expected = encode_record(tokenizer, record)
    model = token_model("any", "engine", folder)
    counted = TokenMeter(model).measure([record])
    assert (counted.approximate, counted.total, counted.completion) == (0, len(expected.ids), sum(expected.trained))
    assert counted.total == sum(counted.roles.values()) + counted.frame
    spans = model_view(record, model)
    assert sum(span.tokens for span in spans) == len(expected.ids)
    assert [span.trained for span in spans for _ in range(span.tokens)] == expected.trained


@settings(max_examples=60, deadline=None)
@given(record=RECORDS)
def test_the_layout_of_starter_is_the_trainers(record: dict[str, Any]) -> None:
    texts = [json.dumps(record, ensure_ascii=False), *(m["content"] for m in record.get("messages", ()))]
    texts += [record.get("prompt", ""), record.get("completion", "")]
    tokenizer = train_tokenizer([text for text in texts for _ in range(2)])
    expected = encode_record(tokenizer, record)
    model = TokenModel("starter", "engine", "characters")
    counted = TokenMeter(model).measure([record])
    spans = model_view(record, model)
    assert counted.total == sum(span.tokens for span in spans) == len(expected.ids)
    assert counted.completion == sum(expected.trained)
    assert [span.trained for span in spans] == expected.trained


def test_tools_go_through_the_template(pair: tuple[Any, Path]) -> None:
    tokenizer, folder = pair
    record = {
        "messages": [{"role": "user", "content": "说"}, {"role": "assistant", "content": "话"}],
        "tools": [{"type": "function", "function": {"name": "中<b>", "parameters": {}}}],
    }
    counted = TokenMeter(token_model("any", "engine", folder)).measure([record])
    assert counted.total == len(encode_record(tokenizer, record).ids)


@pytest.mark.parametrize("pair", ["strict"], indirect=True)
def test_what_a_template_refuses_is_counted_flat_and_said_to_be(pair: tuple[Any, Path]) -> None:
    record = {"messages": [{"role": "system", "content": "aa"}, {"role": "assistant", "content": "bbb"}]}
    model = token_model("any", "engine", pair[1])
    counted = TokenMeter(model).measure([record, {"prompt": "a", "completion": "b"}])
    assert (counted.approximate, list(counted.per_example)) == (1, [2 + 5 + 2, 4])
    assert "".join(span.text for span in model_view(record, model)) == "<|system|>aa<|end|><|assistant|>bbb<|end|>"


@pytest.mark.parametrize("pair", ["starter"], indirect=True)
def test_a_template_can_reach_nothing_outside(pair: tuple[Any, Path], tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((pair[1] / name).read_bytes())
    (tmp_path / "chat_template.jinja").write_text("{{ messages.__class__.__mro__[1].__subclasses__() }}")
    counted = TokenMeter(token_model("any", "engine", tmp_path)).measure([{"messages": [{"role": "user"}]}])
    assert counted.approximate == 1


@pytest.mark.parametrize("pair", ["starter"], indirect=True)
@pytest.mark.parametrize("config", ['{"chat_template": [{"x": 1}]}', '{"eos_token": {"y": 2}}', '{"eos_token": 5}'])
def test_a_folder_in_another_shape_is_named(pair: tuple[Any, Path], config: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((pair[1] / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(config)
    with pytest.raises(UnreadableTokenizer, match=tmp_path.name):
        TokenMeter(token_model("any", "engine", tmp_path))


@pytest.mark.parametrize("pair", ["starter"], indirect=True)
def test_a_template_that_is_no_template_is_counted_flat(pair: tuple[Any, Path], tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((pair[1] / name).read_bytes())
    (tmp_path / "chat_template.jinja").write_text("{% for %}")
    counted = TokenMeter(token_model("any", "engine", tmp_path)).measure([{"messages": [{"role": "user"}] * 2}])
    assert counted.approximate == 1


def test_counting_needs_neither_torch_nor_transformers() -> None:
    import subprocess
    import sys

    code = "import sys, lib.pricing.model_view; print({'torch', 'transformers', 'streamlit'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"

"""A model with random weights, asked through OpenAI's client: wire, worker and model together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
import torch
from openai import OpenAI
from pydantic import BaseModel

from lib.engine.app import Engine
from lib.engine.serving.models import Loaded, load
from lib.engine.training.text import prompt_ids
from tests.engine.serving.conftest import make_folder
from tests.engine.support import KEY, TRAINER, Running, run_here

pytestmark = pytest.mark.slow
TEMPLATE = "{% for m in messages %}{{ m['content'] }}{% endfor %}{% if tools %}{{ tools | tojson }}{% endif %}"
TEMPLATE += "{# <tool_call></tool_call> #}"
PROMPT = "唐朝的英雄"


class Person(BaseModel):
    """What an answer is parsed into."""

    kind: Literal["hero", "monster"]
    alive: bool


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_folder(tmp_path_factory.mktemp("bases") / "tiny", seed=3)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder.parent


@pytest.fixture(scope="module")
def engine(bases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    worker = (sys.executable, "-m", "lib.engine.serving")
    home = tmp_path_factory.mktemp("engine")
    yield from run_here(Engine(home, api_key=KEY, models=bases, trainer=TRAINER, worker=worker), home, KEY)


@pytest.fixture(scope="module")
def client(engine: Running) -> OpenAI:
    return engine.client.with_options(timeout=90)


@pytest.fixture(scope="module")
def tiny(bases: Path) -> Loaded:
    return load(bases / "tiny")


@torch.inference_mode()
def logprobs_of(tiny: Loaded, ids: list[int]) -> torch.Tensor:
    return tiny.model(input_ids=torch.tensor([ids])).logits[0].float().log_softmax(-1)


def test_probabilities_are_those_of_transformers(client: OpenAI, tiny: Loaded) -> None:
    answer = client.completions.create(model="tiny", prompt=PROMPT, max_tokens=8, temperature=0, logprobs=5)
    told = answer.choices[0].logprobs
    assert told
    assert told.tokens
    assert told.token_logprobs
    assert told.top_logprobs
    ids = prompt_ids(tiny.tokenizer, PROMPT)
    for word, logprob, top in zip(told.tokens, told.token_logprobs, told.top_logprobs, strict=True):
        row = logprobs_of(tiny, ids)[-1]
        ids.append(int(row.argmax()))
        assert tiny.tokenizer.decode([ids[-1]]) == word
        assert logprob == pytest.approx(float(row.max()), abs=1e-3)
        assert list(top.values()) == pytest.approx(row.topk(5).values.tolist(), abs=1e-3)


def test_an_echoed_prompt_is_scored_as_transformers_scores_it(engine: Running, tiny: Loaded) -> None:
    ids = prompt_ids(tiny.tokenizer, PROMPT)
    rows = logprobs_of(tiny, ids)
    expected = [float(row[token]) for row, token in zip(rows[:-1], ids[1:], strict=True)]
    with OpenAI(base_url=f"{engine.url}/v1", api_key=KEY, max_retries=0) as lax:
        for prompt in (PROMPT, ids):
            asked: Any = {"model": "tiny", "prompt": prompt, "echo": True, "logprobs": 1, "max_tokens": 0}
            choice = lax.completions.create(**asked).choices[0]
            assert choice.text == PROMPT
            assert choice.logprobs.token_logprobs[0] is None
            assert choice.logprobs.token_logprobs[1:] == pytest.approx(expected, abs=1e-3)
            assert choice.logprobs.text_offset == list(range(len(PROMPT)))


def test_an_answer_is_parsed_into_a_pydantic_model(client: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": PROMPT}]
    answer = client.chat.completions.parse(model="tiny", messages=messages, response_format=Person, max_tokens=400)
    assert isinstance(answer.choices[0].message.parsed, Person)
    assert answer.choices[0].finish_reason == "stop"


def test_a_form_is_kept_by_every_answer_of_a_batch_and_streamed(client: OpenAI) -> None:
    messages: Any = [{"role": "user", "content": PROMPT}]
    schema = {"type": "json_schema", "json_schema": {"name": "p", "schema": {"enum": ["唐", "宋朝"]}, "strict": True}}
    form: Any = schema
    stream = client.chat.completions.create(
        model="tiny", messages=messages, response_format=form, n=4, stream=True, stream_options={"include_usage": True}
    )
    texts = [""] * 4
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert set(texts) <= {'"唐"', '"宋朝"'}
    assert chunk.usage
    assert chunk.usage.completion_tokens >= sum(map(len, texts))


def test_a_tool_is_called_with_arguments_that_fit(client: OpenAI) -> None:
    tools: Any = [{"type": "function", "function": openai.pydantic_function_tool(Person)["function"]}]
    messages: Any = [{"role": "user", "content": PROMPT}]
    answer = client.chat.completions.parse(
        model="tiny", messages=messages, tools=tools, tool_choice="required", parallel_tool_calls=False
    )
    choice = answer.choices[0]
    (call,) = choice.message.tool_calls or []
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert isinstance(call.function.parsed_arguments, Person)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prompt": "英" * 3000}, "context_length_exceeded"),
        ({"prompt": [99_999]}, "invalid_value"),
        ({"logit_bias": {"99999": 1}}, "invalid_value"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_model_cannot_take_is_refused(client: OpenAI, fields: dict[str, Any], code: str, stream: bool) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.completions.create(**{"model": "tiny", "prompt": "a", "stream": stream} | fields)
    assert refused.value.code == code
    assert refused.value.param in fields


def test_a_schema_that_cannot_be_followed_is_refused(client: OpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "p", "schema": {"type": "wizard"}, "strict": True}}
    messages: Any = [{"role": "user", "content": "a"}]
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="tiny", messages=messages, response_format=form)
    assert (refused.value.code, refused.value.param) == ("invalid_json_schema", "response_format")

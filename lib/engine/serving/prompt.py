"""From what was asked to the tokens that the model reads; everything that can be refused is refused here.

Knows requests and tokenizers; nothing about how answers are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jinja2 import TemplateError

from lib.engine.serving.constrain import constraint
from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Prompt, Refusal, Request, Token
from lib.engine.serving.sampling import likeliest
from lib.engine.serving.script import echoed, told
from lib.engine.serving.stops import Detokenizer
from lib.engine.serving.tool_grammar import way
from lib.engine.serving.vocabulary import vocabulary
from lib.engine.training.text import chat_ids, prompt_ids


def encode(loaded: Loaded, request: Request) -> list[int]:
    """Return the prompt's tokens, at least one; raise `Refusal` for what this model cannot take."""
    if request.messages is not None:
        ids = _chat(loaded, request)
    elif request.prompt_ids is not None:
        ids = list(request.prompt_ids)
        _check_tokens(loaded, ids, "prompt")
    else:
        ids = prompt_ids(loaded.tokenizer, request.prompt or "")
    if len(ids) + (request.max_tokens != 0) > loaded.context:
        raise Refusal(
            f"This model's maximum context length is {loaded.context} tokens. However, your prompt has {len(ids)} "
            "tokens. Please shorten it.",
            code="context_length_exceeded",
            param="prompt" if request.messages is None else "messages",
        )
    _check_tokens(loaded, request.logit_bias, "logit_bias")
    constraint(loaded, request)
    return ids or [loaded.tokenizer.eos_token_id]


def _check_tokens(loaded: Loaded, ids: Any, param: str) -> None:
    size = vocabulary(loaded).size if ids else 0
    for token in ids:
        if not 0 <= token < size:
            message = f"Invalid token in '{param}': {token}. This model's tokens are 0 to {size - 1}."
            raise Refusal(message, code="invalid_value", param=param)


def _chat(loaded: Loaded, request: Request) -> list[int]:
    assert request.messages is not None  # noqa: S101 - the caller has looked
    speaks = any(message.get("tool_calls") or message["role"] == "tool" for message in request.messages)
    if (request.tools or speaks) and way(loaded.tokenizer, request) is None:
        message = "This model's chat template knows no tools, or calls them in a way that this engine cannot read."
        raise Refusal(message, code="unsupported_parameter", param="tools" if request.tools else "messages")
    try:
        return chat_ids(loaded.tokenizer, request.messages, list(request.tools) or None)
    except (TemplateError, TypeError) as problem:
        message = f"This model's chat template does not take these messages: {problem}"
        raise Refusal(message[:500], code="invalid_messages", param="messages") from problem


def echo(loaded: Loaded, request: Request, ids: Sequence[int], logits: Sequence[torch.Tensor] = ()) -> Prompt | None:
    """Return the prompt as it is told back, None if it is not.

    `logits` are the model's scores after each token, (tokens, vocabulary) in stretches; needed for `logprobs` only.
    A begin token that this engine put before a text is not told; what comes after it has a probability all the same.
    """
    if not request.echo:
        return None
    text = echoed(request, loaded)
    if request.logprobs is None:
        return {"text": text, "tokens": []}
    shown = list(ids)
    if request.prompt is not None and (not request.prompt or shown[:1] == [loaded.tokenizer.bos_token_id]):
        shown = shown[1:]
    words = vocabulary(loaded)
    scores = _before(logits, len(ids))[len(ids) - len(shown) :]
    tokens: list[Token] = []
    own, offset = Detokenizer(loaded.tokenizer), 0
    for token, row in zip(shown, scores, strict=True):
        logprobs = None if row is None else row.float().log_softmax(-1).cpu()
        top = [] if logprobs is None else likeliest(logprobs, request.logprobs)
        tokens.append(told(words, token, None if logprobs is None else float(logprobs[token]), top, offset))
        offset += len(own.feed(token))
    return {"text": text, "tokens": tokens}


def _before(logits: Sequence[torch.Tensor], count: int) -> list[torch.Tensor | None]:
    """Return, for each of `count` tokens, the scores from which it came; None for the first."""
    rows: list[torch.Tensor | None] = [row for stretch in logits for row in stretch]
    return [None, *rows[: count - 1]]

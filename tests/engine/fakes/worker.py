"""An inference worker that repeats the prompt word by word, in the worker's protocol.

Words in the prompt make it misbehave: `die` ends the process after two words, `slow` waits between words and goes on
for long, `huge` is refused as too long, `break` fails after two words. Cancelled ids are noted in the model's folder.
A prompt of token ids is the words that are their numbers. Each word is a token whose log-probability is minus its
number in the answer; where tools must be called, the first is, with the words as its argument.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

cancelled: set[str] = set()
lock = threading.Lock()


def say(**event: Any) -> None:
    with lock:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def prompt_of(ask: dict[str, Any]) -> str:
    if "messages" in ask:
        return ask["messages"][-1]["content"]
    return ask["prompt"] if "prompt" in ask else " ".join(map(str, ask["prompt_ids"]))


def token(word: str, offset: int, logprob: float | None) -> dict[str, Any]:
    top = [] if logprob is None else [{"bytes": list(b"other"), "logprob": logprob - 1}]
    return {"bytes": list(word.encode()), "logprob": logprob, "top": top, "offset": offset}


def generate(ask: dict[str, Any]) -> None:
    name = ask["id"]
    text = prompt_of(ask)
    words = text.split(" ")
    if "huge" in words:
        say(id=name, event="error", status=400, code="context_length_exceeded", message="The prompt is too long.")
        return
    if "late" in words:
        time.sleep(0.5)
    say(id=name, event="start", prompt_tokens=len(words))
    if ask.get("echo"):
        tokens = [token(text, 0, None)] if "logprobs" in ask else []
        say(id=name, event="prompt", text=text, tokens=tokens)
    written = 0
    for index in range(ask["n"]):
        count = write_one(ask, words[index:] if "differ" in words else words, index)
        if count is None:
            return
        written += count
    say(id=name, event="done", prompt_tokens=len(words), completion_tokens=written)


def write_one(ask: dict[str, Any], words: list[str], index: int) -> int | None:
    name, limit = ask["id"], ask["max_tokens"]
    source = words * 200 if "slow" in words else words
    calling = ask.get("tool_choice", "auto") != "auto"
    offset = 0
    for count, word in enumerate(source[:limit]):
        if name in cancelled:
            with (Path(ask["model"]) / "cancelled").open("a") as file:
                file.write(name + "\n")
            return None
        if count == 2 and "die" in words:
            os._exit(9)
        if count == 2 and "break" in words:
            say(id=name, event="error", status=500, code="server_error", message="The model failed.")
            return None
        told = {"tokens": [token(word + " ", offset, -float(count))]} if "logprobs" in ask else {}
        offset += len(word) + 1
        if not calling:
            say(id=name, event="text", index=index, text=word + " ", **told)
        time.sleep(0.05 if "slow" in words else 0)
    reason = "length" if len(source) > limit else "stop"
    if calling:
        function = ask["tools"][0]["function"]["name"]
        say(id=name, event="call", index=index, name=function, arguments=json.dumps({"words": words}))
        reason = "stop" if ask["tool_choice"] == "named" else "tool_calls"
    count = min(limit, len(source))
    say(id=name, event="end", index=index, finish_reason=reason, completion_tokens=count)
    return count


for line in sys.stdin:
    message = json.loads(line)
    if message["op"] == "generate":
        threading.Thread(target=generate, args=(message,), daemon=True).start()
    elif message["op"] == "cancel":
        cancelled.add(message["id"])
os._exit(0)

"""What the worker says goes out in as few lines as nobody can tell from more."""

from __future__ import annotations

import io
import json
import time
from typing import Any

from lib.engine.serving.protocol import Writer

LONG = 60.0


def said(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_text_that_goes_out_together_is_one_event_for_each_answer() -> None:
    stream = io.StringIO()
    writer = Writer(stream)
    for index, text in ((0, "唐"), (1, "a"), (0, "朝")):
        writer.text("r", index, text, [{"bytes": [index], "logprob": -1.0, "top": [], "offset": 0}])
    writer.end("r", 0, "length", 2)
    assert [(event["index"], event.get("text")) for event in said(stream)] == [(0, "唐朝"), (1, "a"), (0, None)]
    assert [token["bytes"] for token in said(stream)[0]["tokens"]] == [[0], [0]]


def test_text_waits_a_little_for_more_and_an_end_takes_it_along() -> None:
    stream = io.StringIO()
    writer = Writer(stream, hold=LONG)
    writer.text("r", 0, "唐")
    writer.flush_due()
    assert said(stream) == []
    writer.text("r", 0, "朝")
    writer.end("r", 0, "stop", 2)
    assert [event["event"] for event in said(stream)] == ["text", "end"]
    writer.text("r", 1, "a")
    writer.flush()
    assert said(stream)[-1]["text"] == "a"


def test_a_slow_writer_holds_nothing() -> None:
    stream = io.StringIO()
    writer = Writer(stream, hold=0.02)
    for text in "唐朝":
        time.sleep(0.02)
        writer.text("r", 0, text)
        writer.flush_due()
    assert [event["text"] for event in said(stream)] == ["唐", "朝"]

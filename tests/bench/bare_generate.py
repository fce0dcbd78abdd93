"""`python -m tests.bench.bare_generate FOLDER TOKENS`: bare `generate`, a prompt a line in, its times a line out."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


class Ticks:
    """A streamer that only looks at the clock."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def put(self, _tokens: Any) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        """Do nothing: the last token has been counted."""


def main(folder: str, tokens: int) -> None:
    """Answer prompts until standard input closes."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)  # as our worker does with a model of this size: two threads are no faster
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder).eval()
    model.generation_config.eos_token_id = None
    for line in sys.stdin:
        prompt = json.loads(line)
        ticks = Ticks()
        began = time.perf_counter()
        inputs = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
        model.generate(**inputs, max_new_tokens=tokens, do_sample=True, temperature=0.8, streamer=ticks)
        times = ticks.times[1:]  # the first call brings the prompt
        sys.stdout.write(json.dumps([times[0] - began, times[-1] - began]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

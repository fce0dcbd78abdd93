"""`python -m tests.bench.training [ROUNDS]`: our training loop beside the alternatives, on the same model and examples.

Ours tells loss, accuracy and progress at every step. The plain loop of torch has its batches as tensors beforehand and
does nothing but forward, backward and step, with our precision and optimizers. TRL's SFTTrainer is taken at its
defaults (batches of 8, gradient checkpointing, AdamW; 16 bits where the processor has them), told only to save and
print nothing; where `trl` is not installed, its rows are left out. All are measured in turns, in one process; making
data ready is not counted.
"""

from __future__ import annotations

import copy
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

from lib.engine.training import lora
from lib.engine.training.adapters import device
from lib.engine.training.checkpoint import Progress
from lib.engine.training.data import Example, batch_plan, collate, encode
from lib.engine.training.learner import Learner
from lib.engine.training.loop import Course, run
from lib.engine.training.optim import optimizers, set_rate
from lib.engine.training.plan import Method, auto_rates
from lib.engine.training.precision import has_bf16
from lib.engine.training.spec import Hyperparameters
from lib.engine.training.starter import make_model
from lib.engine.training.tokenizer import train_tokenizer
from tests.bench.figures import HEADER, Figure

EXAMPLES, BATCH, ROUNDS = 48, 4, 4
Way = Callable[["Material"], float]


@dataclass(frozen=True)
class Material:
    """A model and examples to train it on."""

    model: Any
    method: Method
    tokenizer: Any
    examples: Sequence[Example]

    def fresh(self) -> Material:
        """Return the same with a model that has learned nothing."""
        return Material(copy.deepcopy(self.model).to(device()), self.method, self.tokenizer, self.examples)

    @property
    def tokens(self) -> int:
        """Tokens in all examples, padding not counted."""
        return sum(len(example.ids) for example in self.examples)


def materials() -> Iterator[tuple[str, Material]]:
    """Yield a starter, and a Llama of 20 million parameters with an adapter, with examples like short stories."""
    chance = random.Random(0)  # noqa: S311
    letters = [chr(0x4E00 + i) for i in range(1_500)]
    texts = ["".join(chance.choices(letters, k=300)) for _ in range(EXAMPLES)]
    tokenizer = train_tokenizer([*texts, "".join(letters) * 2])
    records = [(i, {"prompt": "甲,乙 ->", "completion": text}) for i, text in enumerate(texts)]
    examples = encode(tokenizer, records, 2_048, "training_file")[0]
    yield "`starter`", Material(make_model(tokenizer, 0), Method.SCRATCH, tokenizer, examples)
    yield "a Llama of 20M with LoRA", Material(llama(tokenizer), Method.LORA, tokenizer, examples)


def llama(tokenizer: Any) -> Any:
    """Make a Llama with random weights and an adapter, as a job would."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=512,
        intermediate_size=1_408,
        num_hidden_layers=6,
        num_attention_heads=8,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks by an old name
        return lora.adapt(LlamaForCausalLM(config), Hyperparameters())


def plain(stuff: Material) -> float:
    """Train an epoch with the least code there is; return its seconds."""
    model = stuff.model.train()
    chosen = optimizers(model, auto_rates(stuff.method, 0))
    plan = batch_plan([len(example.ids) for example in stuff.examples], BATCH, 0, 0)
    batches = [collate([stuff.examples[i] for i in batch], 0) for batch in plan]
    pairs = [(batch.ids.to(device()), batch.labels[:, 1:].flatten().to(device())) for batch in batches]
    short = has_bf16(device())
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    began = time.perf_counter()
    for step, (ids, wanted) in enumerate(pairs):
        with torch.autocast(device().type, torch.bfloat16, enabled=short):
            logits = model(input_ids=ids, use_cache=False).logits
        loss = functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        set_rate(chosen, step, len(plan))
        for optimizer in chosen:
            optimizer.step()
            optimizer.zero_grad()
    if device().type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def ours(stuff: Material) -> float:
    """Train an epoch as a job does; return its seconds."""
    course = Course(stuff.examples, [], n_epochs=1, batch_size=BATCH, seed=0)
    chosen = optimizers(stuff.model, auto_rates(stuff.method, 0))
    progress = Progress()
    run(Learner(stuff.model, 0), chosen, course, progress, lambda _: None, lambda _: None)
    return progress.seconds


def trl(stuff: Material) -> float:
    """Train an epoch with TRL's SFTTrainer at its defaults; return its seconds."""
    from datasets import Dataset, disable_progress_bars
    from trl import SFTConfig, SFTTrainer

    disable_progress_bars()
    masks = [{"input_ids": e.ids, "completion_mask": [int(t) for t in e.trained]} for e in stuff.examples]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quiet = {"report_to": [], "disable_tqdm": True, "use_cpu": device().type == "cpu"}
        arguments = SFTConfig(folder, num_train_epochs=1, save_strategy="no", **quiet)
        trainer = SFTTrainer(
            stuff.model, arguments, train_dataset=Dataset.from_list(masks), processing_class=stuff.tokenizer
        )
        trainer.pop_callback(trainer.callback_handler.callbacks[-1])  # it prints
        began = time.perf_counter()
        trainer.train()
        return time.perf_counter() - began


def measure(rounds: int = ROUNDS) -> Iterator[Figure]:
    """Yield our tokens per second against the plain loop's and SFTTrainer's, each the best of a few turns."""
    logging.set_verbosity_error()
    ways: dict[str, Way] = {"a plain torch loop": plain, "ours": ours}
    if find_spec("trl") and find_spec("datasets"):
        ways["TRL's SFTTrainer"] = trl
    for name, stuff in materials():
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, train in ways.items():
                seconds[way].append(train(stuff.fresh()))
        pace = {way: stuff.tokens / min(times) for way, times in seconds.items()}
        for way in ways:
            if way != "ours":
                yield Figure(f"training {name}", pace["ours"], pace[way], "tokens/s", way)


if __name__ == "__main__":
    print(HEADER)
    for figure in measure(*map(int, sys.argv[1:])):
        print(figure.row(), flush=True)

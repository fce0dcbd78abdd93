from __future__ import annotations

import random

import numpy as np

from lib.datasets.rules.likeness import repeats
from lib.datasets.rules.sketches import BINS, WINDOW, sketch_texts


def drawn(seed: int, length: int) -> str:
    rng = random.Random(seed)  # noqa: S311 - test data
    return "".join(chr(0x4E00 + rng.randrange(3000)) for _ in range(length))


def runs(text: str) -> set[str]:
    return {text[at : at + 4] for at in range(len(text) - 3)}


def test_sketches_agree_as_much_as_their_texts_do() -> None:
    for length in (60, 400, 3_000):
        errors = []
        for seed in range(40):
            text = drawn(seed, length)
            other = text[: length * 3 // 4] + drawn(seed + 1_000, length // 4)
            a, b = sketch_texts([text, other])
            filled = (a | b) > 0
            true = len(runs(text) & runs(other)) / len(runs(text) | runs(other))
            errors.append(float((a == b)[filled].mean()) - true)
        assert abs(np.mean(errors)) < 0.04
        assert np.std(errors) < 0.13


def test_a_text_has_the_same_sketch_whatever_stands_beside_it() -> None:
    text = drawn(1, 200)
    alone, *_ = sketch_texts([text])
    assert (sketch_texts(["x" * 5_000, "", text, "y"])[2] == alone).all()


def test_short_texts_are_like_themselves_only_but_for_case_and_spaces() -> None:
    yes, also_yes, no, nothing = sketch_texts(["Yes", " yes ", "no", "  "])
    assert (yes == also_yes).all()
    assert (yes == no).mean() < 0.1
    assert not nothing.any()


def test_only_the_beginning_of_a_long_text_counts() -> None:
    text = drawn(1, WINDOW)
    a, b = sketch_texts([text, text + drawn(2, 500)])
    assert (a == b).all()


def test_crowds_are_templates_and_pairs_are_not() -> None:
    def halves(count: int) -> np.ndarray:
        texts = [drawn(n, 300) for n in range(100)] + [drawn(500, 300) + drawn(600 + n, 10) for n in range(count)]
        made = sketch_texts(texts)
        return np.stack((made, np.zeros_like(made)), axis=1).reshape(-1, 2, BINS)

    assert repeats(halves(2)) == {101: 100}
    assert repeats(halves(30)) == {}

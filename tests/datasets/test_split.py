from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.split import Record, split

RECORDS = st.lists(
    st.builds(lambda n, c: {"prompt": f"p{n}", "completion": c}, st.integers(0, 8), st.text(max_size=3)), max_size=30
)


@given(RECORDS, st.floats(0.01, 0.99), st.integers())
def test_nothing_is_lost_and_no_prompt_stands_on_both_sides(records: list[Record], fraction: float, seed: int) -> None:
    train, valid = split(records, fraction, seed)
    assert sorted(map(str, train + valid)) == sorted(map(str, records))
    assert not {r["prompt"] for r in train} & {r["prompt"] for r in valid}
    if len({r["prompt"] for r in records}) > 1:
        assert train
        assert valid


@given(RECORDS, st.integers())
def test_the_same_seed_gives_the_same_split(records: list[Record], seed: int) -> None:
    assert split(records, 0.3, seed) == split(records, 0.3, seed)


def test_another_seed_gives_another_split() -> None:
    records: list[Record] = [{"prompt": str(n), "completion": "x"} for n in range(50)]
    assert split(records, 0.2, 1) != split(records, 0.2, 2)


def test_the_fraction_is_met_and_the_order_kept() -> None:
    records: list[Record] = [{"prompt": str(n), "completion": "x"} for n in range(100)]
    train, valid = split(records, 0.2, 7)
    assert (len(train), len(valid)) == (80, 20)
    for part in (train, valid):
        assert part == sorted(part, key=lambda record: int(record["prompt"]))


def test_no_fraction_means_no_validation() -> None:
    records: list[Record] = [{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}]
    assert split(records, 0, 1) == (records, [])


def test_conversations_that_ask_the_same_stay_together() -> None:
    records: list[Record] = [
        {"messages": [{"role": "user", "content": str(n % 5)}, {"role": "assistant", "content": str(n)}]}
        for n in range(20)
    ]
    train, valid = split(records, 0.2, 3)
    asked = [{r["messages"][0]["content"] for r in part} for part in (train, valid)]
    assert not asked[0] & asked[1]
    assert len(valid) == 4


def completions(*pairs: tuple[str, str]) -> list[Record]:
    return [{"prompt": prompt, "completion": completion} for prompt, completion in pairs]


def letters(number: int) -> str:
    """Return a word that is like no other: 40 letters drawn with this seed."""
    return "".join(random.Random(number).choices("abcdefghijklmnopqrstuvwxyz", k=40))  # noqa: S311 - test data


@given(st.lists(st.integers(2, 40), min_size=2, max_size=8), st.integers())
def test_every_label_is_on_both_sides_where_there_are_enough(sizes: list[int], seed: int) -> None:
    """F5: 12 labels in all, 8 in training and 6 in validation, and the service refused the files."""
    records = completions(
        *[(letters(n * 1000 + label), f"label {label}") for label, size in enumerate(sizes) for n in range(size * 5)]
    )
    train, valid = split(records, 0.2, seed)
    labels = [{record["completion"] for record in part} for part in (train, valid)]
    assert labels[0] == labels[1] == {f"label {label}" for label in range(len(sizes))}
    assert abs(len(valid) - 0.2 * len(records)) <= len(sizes)


def test_labels_keep_their_shares() -> None:
    records = completions(*[(letters(n), "rare" if n % 10 == 0 else "common") for n in range(500)])
    _train, valid = split(records, 0.2, 1)
    assert sum(record["completion"] == "rare" for record in valid) == 10
    assert len(valid) == 100


def test_ways_to_ask_for_one_answer_stay_together() -> None:
    """F7: the old tool took such files for labels and split them, so that validation asked what training answered."""
    ways = [(letters(10 * n + way), f"Answer {letters(n)}, in full.") for n in range(25) for way in range(4)]
    train, valid = split(completions(*ways), 0.2, 5)
    assert not {r["completion"] for r in train} & {r["completion"] for r in valid}
    assert len(valid) == 20


def test_prompts_that_are_almost_the_same_stay_together() -> None:
    asked = [letters(n) + letters(n + 500) for n in range(50)]
    records = completions(*[(prompt + end, letters(n)) for n, prompt in enumerate(asked) for end in ("", "?")])
    train, valid = split(records, 0.2, 5)
    assert not {r["prompt"].rstrip("?") for r in train} & {r["prompt"].rstrip("?") for r in valid}
    assert len(valid) == 20


def test_the_turns_of_one_conversation_stay_together() -> None:
    records: list[Record] = []
    for n in range(20):
        said = [
            {"role": role, "content": letters(100 * n + turn)} for turn in range(3) for role in ("user", "assistant")
        ]
        records += [{"messages": said[:length]} for length in (2, 4, 6)]
    train, valid = split(records, 0.2, 5)
    opened = [{r["messages"][0]["content"] for r in part} for part in (train, valid)]
    assert not opened[0] & opened[1]
    assert len(valid) == 12


def test_preferences_are_split_by_what_they_ask() -> None:
    def preference(question: str, answer: str) -> Record:
        return {
            "input": {"messages": [{"role": "user", "content": question}]},
            "preferred_output": [{"role": "assistant", "content": answer}],
            "non_preferred_output": [{"role": "assistant", "content": "no"}],
        }

    records = [preference(letters(n // 2), letters(1000 + n)) for n in range(40)]
    train, valid = split(records, 0.25, 5)
    asked = [{r["input"]["messages"][0]["content"] for r in part} for part in (train, valid)]
    assert not asked[0] & asked[1]
    assert len(valid) == 10


def test_one_answer_to_everything_still_leaves_two_sides() -> None:
    records = completions(*[(letters(n), "The one and only answer there is.") for n in range(4)])
    train, valid = split(records, 0.25, 1)
    assert (len(train), len(valid)) == (3, 1)

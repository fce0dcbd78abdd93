from __future__ import annotations

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

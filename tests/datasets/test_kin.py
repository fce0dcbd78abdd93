from __future__ import annotations

from typing import Any

from lib.datasets.kin import Links, families, labels_of


def pairs(*given: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"prompt": prompt, "completion": completion} for prompt, completion in given]


def test_links_join_across_many_steps() -> None:
    links = Links(6)
    links.join([(4, 5), (0, 4), (2, 3)])
    assert links.groups() == [[0, 4, 5], [1], [2, 3]]


def test_what_nobody_shares_stays_alone() -> None:
    assert families(pairs(("a", "1"), ("b", "2"), ("a", "3"))) == [[0, 2], [1]]


def test_few_short_answers_are_labels_and_many_are_not() -> None:
    assert labels_of(pairs(*[(str(n), f" {n % 2} ") for n in range(20)]))[:2] == ["0", "1"]
    assert labels_of(pairs(*[(str(n), str(n // 2)) for n in range(20)])) == []
    assert (
        labels_of(pairs(*[(str(n), "A long answer that stands in every example of them all.") for n in range(20)]))
        == []
    )
    assert labels_of([]) == []


def test_an_opening_that_all_conversations_share_makes_no_family() -> None:
    def talk(n: int) -> dict[str, Any]:
        said = ["Hello!", "Hello, how can I help?", f"Question {n * n * 7919}", f"Answer {n}"]
        roles = ["user", "assistant"] * 2
        return {"messages": [{"role": r, "content": t} for r, t in zip(roles, said, strict=True)]}

    assert len(families([talk(n) for n in range(60)])) == 60

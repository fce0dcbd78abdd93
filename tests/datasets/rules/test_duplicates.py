from __future__ import annotations

import pickle
from typing import Any

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import LINES_NAMED, ComparingRule, Context, View, view_of
from lib.datasets.rules.duplicates import Leak, Repeats, asked
from lib.datasets.table import Origin

Record = dict[str, Any]


def seen(rule: ComparingRule, records: list[Record]) -> ComparingRule:
    for view in views(records):
        rule.look(view)
    return rule


def views(records: list[Record]) -> list[View]:
    return [view_of(row, Origin(row + 1), record) for row, record in enumerate(records)]


def pair(prompt: str, completion: str) -> Record:
    return {"prompt": prompt, "completion": completion}


def chat(*texts: str, **more: Any) -> Record:
    roles = ["user", "assistant"] * len(texts)
    return {"messages": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=False)], **more}


def test_the_first_stays_and_rows_are_known_by_their_number() -> None:
    rule = seen(Repeats(Context(Recipe())), [pair("a", "1"), pair("b", "2"), pair("a", "1"), pair("a", "1")])
    assert rule.surplus() == {2, 3}
    (finding,) = rule.findings()
    assert (finding.code, list(finding.found.rows), finding.found.lines) == ("duplicate_rows", [2, 3], [3, 4])
    assert finding.title.text() == "Examples that repeat an earlier one: 2 of 4."
    assert finding.fix == {"code": "duplicate_rows", "settings": {}}


def test_rows_keep_their_number_when_rows_before_them_are_gone() -> None:
    """F3: the old tool dropped innocent rows once others had been removed."""
    rule = Repeats(Context(Recipe()))
    for view in [views([pair(str(n), "x")] * 20)[row] for n, row in ((1, 3), (2, 7), (1, 12))]:
        rule.look(view)
    assert rule.surplus() == {12}


def test_forty_thousand_duplicates_name_twenty_lines() -> None:
    """F16: the old tool printed every one of them."""
    (finding,) = seen(Repeats(Context(Recipe())), [pair("a", "1")] * 40_000).findings()
    assert len(finding.found) == 39_999
    assert len(finding.found.lines) == LINES_NAMED


def test_one_question_with_two_answers_is_named() -> None:
    records = [pair("a", "1"), pair("b", "2"), pair("a", "3"), pair("b", "2")]
    duplicates, conflict = seen(Repeats(Context(Recipe())), records).findings()
    assert (conflict.code, list(conflict.found.rows)) == ("conflicting_answers", [0, 2])
    assert conflict.title.text() == "Questions that are answered in different ways: 1, in 2 examples."
    assert duplicates.code == "duplicate_rows"
    assert conflict.fix is None


def test_many_long_answers_to_each_question_are_how_a_file_of_stories_is_made() -> None:
    stories = [
        pair(f"hero {n % 5}", f"Once upon a time there was hero number {n}, who flew over the sea.") for n in range(40)
    ]
    (variety,) = seen(Repeats(Context(Recipe())), stories).findings()
    assert (variety.code, variety.severity, len(variety.found)) == ("conflicting_answers", "hint", 40)
    labels = [pair(f"review {n % 5}", "good" if n % 2 else "bad") for n in range(40)]
    found = {finding.code: finding for finding in seen(Repeats(Context(Recipe())), labels).findings()}
    assert found["conflicting_answers"].severity == "warning"


def test_examples_that_ask_nothing_do_not_conflict() -> None:
    assert not seen(Repeats(Context(Recipe())), [pair("", "1"), pair("", "2")]).findings()
    assert not seen(Repeats(Context(Recipe(open_ended=True))), [pair(" ->", "1"), pair(" ->", "2")]).findings()


def test_a_conversation_asks_all_up_to_its_last_answer() -> None:
    rule = seen(
        Repeats(Context(Recipe())), [chat("a", "b", "c", "1"), chat("a", "b", "c", "2"), chat("a", "x", "c", "1")]
    )
    (conflict,) = rule.findings()
    assert list(conflict.found.rows) == [0, 1]


def test_the_order_of_keys_makes_no_difference_but_weights_and_tools_do() -> None:
    turned = {"messages": [{"content": "a", "role": "user"}, {"content": "b", "role": "assistant"}]}
    weighted = chat("a", "b")
    weighted["messages"][1] = {**weighted["messages"][1], "weight": 0}
    rule = seen(
        Repeats(Context(Recipe())), [chat("a", "b"), turned, weighted, chat("a", "b", tools=[{"type": "function"}])]
    )
    assert rule.surplus() == {1}


def test_pictures_are_part_of_the_question() -> None:
    def shown(url: str) -> Record:
        parts = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": {"url": url}}]
        return {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": url}]}

    assert not seen(Repeats(Context(Recipe())), [shown("a"), shown("b")]).findings()


def test_preferences_and_reference_fields_are_compared_too() -> None:
    def preferred(good: str) -> Record:
        return {
            "input": {"messages": [{"role": "user", "content": "q"}]},
            "preferred_output": [{"role": "assistant", "content": good}],
            "non_preferred_output": [{"role": "assistant", "content": "bad"}],
        }

    def graded(answer: str) -> Record:
        return {"messages": [{"role": "user", "content": "q"}], "reference": answer}

    for make in (preferred, graded):
        rule = seen(Repeats(Context(Recipe())), [make("1"), make("1"), make("2")])
        assert [finding.code for finding in rule.findings()] == ["duplicate_rows", "conflicting_answers"]
        assert rule.surplus() == {1}


def test_half_characters_and_large_numbers_can_be_compared() -> None:
    records = [pair("\ud800", "1"), pair("\ud800", "1"), {**chat("a", "b"), "n": 10**400}]
    assert seen(Repeats(Context(Recipe())), records).surplus() == {1}


def test_questions_of_the_validation_file_leak() -> None:
    validation = frozenset(asked(view) for view in views([pair("b", "other"), pair("", "x")]))
    rule = seen(Leak(Context(Recipe(), validation=validation)), [pair("a", "1"), pair("b", "2"), pair("", "3")])
    (finding,) = rule.findings()
    assert rule.surplus() == {1}
    assert finding.title.text() == "Examples that ask what the validation file asks too: 1 of 3."


def test_without_a_validation_file_there_is_nothing_to_leak() -> None:
    assert not Leak.applies(Context(Recipe()))


def test_a_question_has_the_same_hash_in_every_process() -> None:
    assert [asked(view) for view in views([pair("问题", "x"), pair("问题", "y")])] == [2927930485235427389] * 2


def test_pieces_are_put_together_in_order() -> None:
    first = seen(Repeats(Context(Recipe())), [pair("a", "1")])
    second = Repeats(Context(Recipe()))
    second.look(view_of(1, Origin(2), pair("a", "1")))
    first.merge(pickle.loads(pickle.dumps(second)))  # noqa: S301 - our own
    assert first.surplus() == {1}


def test_nothing_is_found_in_nothing() -> None:
    assert Repeats(Context(Recipe())).findings() == []
    assert Repeats(Context(Recipe())).surplus() == set()

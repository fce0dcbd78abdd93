from __future__ import annotations

import pickle
import random
from itertools import pairwise
from typing import Any

import pytest

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, View, view_of
from lib.datasets.rules.near_duplicates import NearDuplicates
from lib.datasets.table import Origin

ZH = "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对"
EN = [
    a + b + c
    for a in ("re", "con", "st", "pl", "tr", "un")
    for b in ("a", "o", "ee", "i", "u")
    for c in ("ll", "ck", "nt", "rd", "sh", "ver", "ming", "tion")
]


def text(seed: int, language: str, length: int) -> str:
    rng = random.Random(seed)  # noqa: S311 - test data
    return "".join(rng.choices(ZH, k=length)) if language == "zh" else " ".join(rng.choices(EN, k=length // 5))


def edited(original: str, seed: int, language: str, share: float) -> str:
    """Replace a share of the characters (Chinese) or words (English)."""
    rng = random.Random(seed)  # noqa: S311 - test data
    units = list(original) if language == "zh" else original.split(" ")
    for at in rng.sample(range(len(units)), max(1, round(share * len(units)))):
        units[at] = rng.choice(ZH if language == "zh" else ["quite", "other", "words"])
    return ("" if language == "zh" else " ").join(units)


def views(pairs: list[tuple[str, str]]) -> list[View]:
    return [view_of(n, Origin(n + 1), {"prompt": p, "completion": c}) for n, (p, c) in enumerate(pairs)]


def looked(given: list[View]) -> NearDuplicates:
    rule = NearDuplicates(Context(Recipe()))
    for view in given:
        rule.look(view)
    return rule


def surplus(pairs: list[tuple[str, str]]) -> set[int]:
    return looked(views(pairs)).surplus()


def originals(language: str, count: int = 100) -> list[tuple[str, str]]:
    return [(text(2 * n, language, 80), text(2 * n + 1, language, 300)) for n in range(count)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_edited_copies_are_found_and_nothing_else(language: str) -> None:
    pairs = originals(language)
    copies = [(edited(p, n, language, 0.03), edited(c, n, language, 0.03)) for n, (p, c) in enumerate(pairs)]
    found = surplus(pairs + copies)
    assert found <= set(range(100, 200))
    assert len(found) >= 93
    assert surplus(pairs) == set()


def test_the_finding_says_how_many_and_keeps_the_first() -> None:
    pairs = originals("zh", 20)
    (finding,) = looked(views([*pairs, (pairs[3][0] + "。", pairs[3][1])])).findings()
    assert finding.title.text() == "Examples that are almost the same as an earlier one: 1 of 21."
    assert (list(finding.found.rows), finding.found.lines) == ([20], [21])
    assert finding.fix == {"code": "near_duplicates", "settings": {}}


def test_case_and_width_of_letters_make_no_difference() -> None:
    question, answer = text(1, "en", 80), text(2, "en", 300)
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in answer)
    assert surplus([(question, answer), (question.upper(), wide)]) == {1}


def test_exact_repeats_are_another_rules_business() -> None:
    one, other = originals("zh", 2)
    almost = (one[0], one[1][:-1])
    assert surplus([one, one, other]) == set()
    assert surplus([one, almost, one, almost]) == {1, 3}


def test_ways_to_ask_for_one_answer_are_no_copies() -> None:
    answer = "退货政策：自签收之日起七天内，商品完好且不影响二次销售的情况下，您可以申请无理由退货，运费由买家承担。"
    ways = ["怎么退货？", "我想退货，请问流程是什么？", "东西不喜欢可以退吗", "收到的商品不想要了，能不能退掉呢"]
    assert surplus([(way, answer) for way in ways]) == set()


def test_one_question_with_other_answers_is_no_copy() -> None:
    question = text(1, "en", 200)
    assert surplus([(question, text(n, "zh", 200)) for n in range(10)]) == set()
    assert surplus([(question, "yes"), (question + "!", "no")]) == set()


TOWNS = [
    f"{a}{b}"
    for a in ("Lon", "Par", "Ber", "Mad", "Rom", "Vien", "Prag", "Osl")
    for b in ("don", "is", "lin", "rid", "e", "na", "ova", "o")
]
INSTRUCTION = "You are a careful assistant. Read the question and answer with one word. Do not explain anything. " * 3


@pytest.mark.parametrize("count", [12, 64])
@pytest.mark.parametrize("template", ["Translate '{}' to French", "请问{}的首都在哪里？", INSTRUCTION + "Is {} large?"])
def test_what_a_template_makes_is_not_called_the_same(template: str, count: int) -> None:
    for answers in (["yes", "no"], [f"{town} it is" for town in TOWNS]):
        pairs = [(template.format(town), answers[n % len(answers)]) for n, town in enumerate(TOWNS[:count])]
        assert surplus(pairs) == set()


def test_copies_behind_a_long_instruction_are_found() -> None:
    pairs = [(INSTRUCTION * 8 + p, c) for p, c in originals("en")]
    copies = [(p + ".", edited(c, n, "en", 0.02)) for n, (p, c) in enumerate(pairs)]
    found = surplus(pairs + copies)
    assert found <= set(range(100, 200))
    assert len(found) >= 90


def test_without_the_surplus_nothing_more_is_found() -> None:
    given = [(p, c) for n, pair in enumerate(originals("zh", 30)) for p, c in chain(pair, n)]
    all_views = views(given)
    gone = looked(all_views).surplus()
    assert gone
    assert looked([view for view in all_views if view.row not in gone]).surplus() == set()


def chain(pair: tuple[str, str], seed: int) -> list[tuple[str, str]]:
    """Return a pair, a copy of it, a copy of the copy and so on, each a little further from the first."""
    made = [pair]
    for step in range(6):
        prompt, completion = made[-1]
        made.append((edited(prompt, seed + step, "zh", 0.04), edited(completion, seed + step, "zh", 0.04)))
    return made


def test_pieces_of_any_size_tell_the_same() -> None:
    pairs = originals("zh", 60)
    all_views = views(pairs + [(p, c + "！") for p, c in pairs])
    whole = looked(all_views)
    pieces = [looked(all_views[a:b]) for a, b in pairwise([0, 1, 30, 31, 90, 120])]
    first, *others = [pickle.loads(pickle.dumps(piece)) for piece in pieces]  # noqa: S301 - our own
    for piece in others:
        first.merge(piece)
    assert first.findings() == whole.findings()


def test_conversations_that_only_call_tools_differ_by_what_they_say() -> None:
    def calling(town: str) -> dict[str, Any]:
        call = {"type": "function", "function": {"name": "weather", "arguments": f'{{"town": "{town}"}}'}}
        question = {"role": "user", "content": "What is the weather like where I am now, and will it be fine tomorrow?"}
        return {"messages": [question, {"role": "assistant", "content": None, "tool_calls": [call]}]}

    given = [view_of(n, Origin(n + 1), calling(town)) for n, town in enumerate(TOWNS[:5])]
    assert looked(given).surplus() == set()


def test_empty_texts_and_half_characters_are_taken() -> None:
    assert surplus([("", ""), ("", "a"), ("\ud800" * 50, "b"), ("x" * 100_000, "y" * 100_000)]) == set()
    assert looked([]).surplus() == set()

from __future__ import annotations

import pytest

from lib.datasets.fixes import accept
from lib.datasets.recipe import CHAT, Recipe
from lib.datasets.rules.base import Context
from lib.datasets.rules.marks import CHANGES, Separator, Stop

SEPARATOR = "\n\n###\n\n"


def asked(*prompts):
    return [(prompt, "x") for prompt in prompts]


def answered(*completions):
    return [("q", completion) for completion in completions]


def test_chat_needs_no_marks():
    assert not Separator.applies(Context(Recipe(format=CHAT)))


def test_a_missing_separator_gets_the_first_free_one(pairs_in):
    finding = pairs_in(Separator, asked("a", "b"))["missing_separator"]
    assert finding.fix["settings"] == {"field": "separator", "value": " ->", "before": ""}
    assert '" ->"' in finding.todo.text()


def test_a_separator_that_stands_in_a_prompt_is_not_proposed(pairs_in):
    finding = pairs_in(Separator, asked("from a -> b", "c"))["missing_separator"]
    assert finding.fix["settings"]["value"] == SEPARATOR


def test_a_separator_inside_a_prompt_gets_the_next_free_one(pairs_in):
    found = pairs_in(Separator, asked("a -> b ->", "c ->", f"d{SEPARATOR}e ->"), separator=" ->")
    finding = found["separator_inside"]
    assert (list(finding.found.rows), finding.fix["settings"]["value"]) == ([0], "\n\n===\n\n")


def test_a_separator_that_overlaps_the_end_of_a_prompt_is_inside(pairs_in):
    assert "stop_inside" in pairs_in(Stop, answered("C####", "D###"), stop="###")


def test_prompts_that_have_a_separator_need_only_have_it_set(pairs_in):
    finding = pairs_in(Separator, asked(*[f"q{i}{SEPARATOR}" for i in range(9)], "bare"))["separator_not_set"]
    assert finding.fix["settings"]["value"] == SEPARATOR
    assert finding.title.text() == 'The prompts end with "\\n\\n###\\n\\n", but no separator is set.'


def test_a_last_line_that_all_prompts_have_is_their_separator(pairs_in):
    finding = pairs_in(Separator, asked("How?\n\nAnswer:", "Who?\n\nAnswer:"))["separator_not_set"]
    assert finding.fix["settings"]["value"] == "\n\nAnswer:"


@pytest.mark.parametrize("ending", ["种问法？", "}", "x", "the answer."])
def test_f8_an_accidental_common_ending_is_not_taken_for_a_separator(pairs_in, ending):
    found = pairs_in(Separator, asked(*[f"q{i}{ending}" for i in range(20)]))
    assert found.keys() == {"missing_separator"}


def test_several_separators_become_the_commonest_one(pairs_in):
    prompts = [f"a{i} ->" for i in range(6)] + [f"b{i}{SEPARATOR}" for i in range(4)]
    finding = pairs_in(Separator, asked(*prompts))["several_separators"]
    assert list(finding.found.rows) == [6, 7, 8, 9]
    fixed = CHANGES["one_ending"]({"prompt": f"b{SEPARATOR}", "completion": "x"}, finding.fix["settings"])
    assert fixed == {"prompt": "b ->", "completion": "x"}


def test_f17_a_separator_with_a_line_end_behind_it_is_noticed_and_mended(pairs_in):
    """Trained on " ->", asked with " ->\\n": conversion makes " ->\\n ->" of it."""
    finding = pairs_in(Separator, asked(*[f"q{i} ->\n ->" for i in range(5)]), separator=" ->")["several_separators"]
    assert CHANGES["one_ending"]({"prompt": "q ->\n ->"}, finding.fix["settings"]) == {"prompt": "q ->"}


def test_one_text_that_ends_like_a_mark_by_nature_is_no_finding(pairs_in):
    assert pairs_in(Separator, asked(*[f"q{i} ->" for i in range(40)], "a rule\n--- ->"), separator=" ->") == {}


def test_prompts_that_are_all_empty_need_no_separator(pairs_in):
    assert pairs_in(Separator, asked("", "")) == {}


def test_a_missing_stop_gets_the_first_free_one(pairs_in):
    finding = pairs_in(Stop, answered("a ### b", "c"))["missing_stop"]
    assert finding.fix["settings"] == {"field": "stop", "value": " END", "before": ""}


def test_a_stop_inside_a_completion_gets_the_next_free_one(pairs_in):
    finding = pairs_in(Stop, answered(" a ### b###", " c END d###"), stop="###")["stop_inside"]
    assert (list(finding.found.rows), finding.fix["settings"]["value"]) == ([0], "@@@")


def test_when_all_usual_stops_are_taken_a_numbered_one_is_proposed(pairs_in):
    full = "### END @@@ %%% &&& +++ $$$ [END] x"
    assert pairs_in(Stop, answered(full))["missing_stop"].fix["settings"]["value"] == "\n\n### 1 ###\n\n"


def test_when_nothing_is_free_there_is_no_fix(pairs_in):
    full = "### END @@@ %%% &&& +++ $$$ [END]" + "".join(f"\n\n### {n} ###\n\n" for n in (1, 2, 3)) + "x"
    finding = pairs_in(Stop, answered(full))["missing_stop"]
    assert finding.fix is None
    assert "one of your own" in finding.todo.text()


def test_f8_the_last_words_of_all_completions_are_no_stop(pairs_in):
    assert pairs_in(Stop, answered(*[f"写{i}条，比较长一点。" for i in range(9)])).keys() == {"missing_stop"}


def test_f17_a_full_stop_is_never_proposed_as_stop(pairs_in):
    assert pairs_in(Stop, answered("我很好。", "谢谢。"))["missing_stop"].fix["settings"]["value"] == "###"


def test_completions_that_have_a_stop_need_only_have_it_set(pairs_in):
    assert pairs_in(Stop, answered("a END", "b END"))["stop_not_set"].fix["settings"]["value"] == " END"


def test_accepting_the_free_stop_leaves_nothing_to_tell(pairs_in):
    finding = pairs_in(Stop, answered("a", "b"))["missing_stop"]
    recipe = accept(Recipe(separator=""), finding.fix)
    assert pairs_in(Stop, answered(*map(recipe.completion, ["a", "b"])), stop=recipe.stop) == {}

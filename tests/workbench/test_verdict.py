"""Whether a target takes a dataset."""

from datetime import date

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, view_of
from lib.datasets.table import Origin
from lib.workbench.targets import chief_targets, find_target
from lib.workbench.traits import Traits
from lib.workbench.verdict import Outcome, judge, matrix

TODAY = date(2026, 11, 20)
ASK = {"role": "user", "content": "Why?"}
SAY = {"role": "assistant", "content": "Because."}


def outcome(*records, size=None, bom=None, times=12):
    traits = Traits(Context(Recipe()))
    for row, record in enumerate(list(records) * times):
        traits.look(view_of(row, Origin(row + 1), record))
    return Outcome(traits, size, bom)


def codes(findings):
    return {finding.code for finding in findings}


def test_a_plain_chat_file_is_taken_by_every_service_for_chat():
    plain = outcome({"messages": [ASK, SAY]})
    for verdict in matrix(chief_targets(), plain, TODAY):
        assert verdict.passed == ("chat" in verdict.target.formats), (verdict.target.name, codes(verdict.failures))


def test_a_failure_names_rule_lines_reason_fix_and_the_page_it_was_read_on():
    ready = outcome({"messages": [{**ASK, "name": "a"}, SAY]}, bom=False)
    verdict = judge(find_target("alibaba:sft"), ready, TODAY)
    (failure,) = verdict.failures
    assert failure.code == "name_not_taken"
    assert failure.found.lines[:2] == [1, 2]
    assert failure.title.text().endswith(": 12.")
    assert "alibaba:sft" in failure.todo.text()
    assert str(failure.why.values["source"]).startswith("https://www.alibabacloud.com/")
    assert failure.why.values["read_on"] == "2026-11-20"


def test_what_writing_the_file_puts_right_is_no_failure_before_it_is_written():
    named = outcome({"messages": [{**ASK, "name": "a"}, SAY]})
    verdict = judge(find_target("alibaba:sft"), named, TODAY)
    assert verdict.passed
    assert codes(verdict.changed) == {"name_not_taken"}


def test_an_answer_that_is_not_to_be_learnt_is_a_failure_where_every_answer_is_trained():
    muted = outcome({"messages": [ASK, {**SAY, "weight": 0}, ASK, SAY]})
    assert codes(judge(find_target("alibaba:sft"), muted, TODAY).failures) == {"weight_not_kept"}
    assert codes(judge(find_target("trl:sft"), muted, TODAY).warnings) == {"weight_not_kept"}
    assert judge(find_target("openai"), muted, TODAY).findings == []


def test_the_byte_order_mark_is_wanted_by_azure_and_refused_by_openai():
    chat = {"messages": [ASK, SAY]}
    assert judge(find_target("azure"), outcome(chat, bom=True), TODAY).passed
    assert codes(judge(find_target("azure"), outcome(chat, bom=False), TODAY).failures) == {"bom_missing"}
    assert codes(judge(find_target("openai"), outcome(chat, bom=True), TODAY).failures) == {"bom_not_taken"}


def test_sizes_are_limits_of_the_service():
    chat = {"messages": [ASK, SAY]}
    heavy = outcome(chat, size=600 * 2**20)
    assert codes(judge(find_target("openai"), heavy, TODAY).failures) == {"file_too_large"}
    assert judge(find_target("crusoe"), heavy, TODAY).passed
    assert codes(judge(find_target("openai"), outcome(chat, times=9), TODAY).failures) == {"too_few_examples"}
    assert judge(find_target("fireworks"), outcome(chat, times=3), TODAY).passed


def test_a_format_the_model_does_not_learn_from_is_a_failure():
    pairs = outcome({"prompt": "a", "completion": "b"})
    assert codes(judge(find_target("openai"), pairs, TODAY).failures) == {"format_not_taken"}
    assert judge(find_target("engine:starter"), pairs, TODAY).passed


def test_nobody_can_train_a_retired_model():
    pairs = outcome({"prompt": "a", "completion": "b"})
    assert "retired_model" in codes(judge(find_target("davinci"), pairs, TODAY).failures)


def test_what_no_page_tells_is_said_and_not_guessed():
    named = outcome({"messages": [{**ASK, "name": "a"}, SAY]})
    verdict = judge(find_target("crusoe"), named, TODAY)
    assert verdict.passed
    assert codes(verdict.notes) == {"not_published"}

from __future__ import annotations

from lib.datasets.recipe import CHAT
from lib.datasets.rules.instructions import CHANGES, RepeatedInstruction

SYSTEM = {"role": "system", "content": "You are the assistant of a shop. Be kind and brief. " * 5}
ASK = "Answer the following question of a buyer in one sentence:\n"


def talk(question, *opening):
    return [*opening, {"role": "user", "content": question}, {"role": "assistant", "content": f"{question}!"}]


def test_a_long_system_message_in_all_conversations_is_told_with_its_cost(counted_in):
    records = [{"messages": talk("hi", SYSTEM)}, {"messages": talk("yo", SYSTEM)}]
    finding = counted_in(RepeatedInstruction, records, [70, 70], 4096, format=CHAT)["repeated_instruction"]
    assert finding.fix is None
    assert "tokens per epoch" in finding.why.text()
    assert 100 < finding.why.values["tokens"] < 140


def test_system_messages_that_differ_are_fine(talks_in):
    other = {"role": "system", "content": "Other. " * 50}
    assert talks_in(RepeatedInstruction, [talk("hi", SYSTEM), talk("yo", other), talk("yo")]) == {}


def test_an_instruction_before_every_question_is_cut(talks_in):
    finding = talks_in(RepeatedInstruction, [talk(ASK + "When?"), talk(ASK + "How?")])["repeated_question"]
    change, settings = CHANGES[finding.fix["code"]], finding.fix["settings"]
    fixed = change({"messages": talk(ASK + "When?", SYSTEM), "tools": []}, settings)
    assert fixed["messages"][1] == {"role": "user", "content": "When?"}
    assert fixed["tools"] == []
    alone = {"messages": talk(ASK)}
    assert change(alone, settings) is alone

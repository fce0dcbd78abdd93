from __future__ import annotations

import json
from typing import Any

from lib.datasets.recipe import Recipe
from lib.datasets.rules.base import Context, Finding, view_of
from lib.datasets.rules.private_data import REDACT, PrivateData, put_placeholders
from lib.datasets.table import Origin


def found_in(*records: dict[str, Any]) -> dict[str, Finding]:
    rule = PrivateData(Context(Recipe()))
    for row, record in enumerate(records):
        rule.look(view_of(row, Origin(row + 1), record))
    return {finding.code: finding for finding in rule.findings()}


def pair(prompt: str, completion: str) -> dict[str, Any]:
    return {"prompt": prompt, "completion": completion}


def test_each_kind_is_told_by_itself_with_its_fix() -> None:
    found = found_in(
        pair("a", "b"), pair("mail a@b.cn and c@d.cn", "call 13912345670"), pair("我的手机是13912345670", "x")
    )
    assert list(found) == ["private_mail", "private_phone"]
    assert found["private_mail"].title.text() == "Examples with mail addresses: 1 (2 in all)."
    assert list(found["private_phone"].found.rows) == [1, 2]
    assert found["private_mail"].fix == {"code": REDACT, "settings": {"kind": "mail", "placeholder": "[EMAIL]"}}


def test_secrets_weigh_more_than_addresses() -> None:
    found = found_in(pair("key", "sk-proj-abcDEF1234567890abcdef1234"), pair("mail", "a@b.cn"))
    assert [finding.severity for finding in found.values()] == ["error", "warning"]


def test_every_message_is_read_and_redacted_and_arguments_stay_json() -> None:
    call = {"id": "13912345670", "type": "function", "function": {"name": "dial", "arguments": '{"to": 13912345670}'}}
    record = {
        "messages": [
            {"role": "system", "content": "You serve a@b.cn."},
            {"role": "user", "content": [{"type": "text", "text": "I am a@b.cn, 13912345670"}]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "13912345670", "content": "13912345670 answers"},
            {"role": "assistant", "content": "Done."},
        ]
    }
    before = json.dumps(record)
    assert list(found_in(record)) == ["private_mail", "private_phone"]
    clean = put_placeholders(record, {"kind": "phone", "placeholder": "[PHONE]"})
    system, user, assistant, tool, _ = clean["messages"]
    assert system["content"] == "You serve a@b.cn."
    assert user["content"][0]["text"] == "I am a@b.cn, [PHONE]"
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"to": "[PHONE]"}
    assert assistant["tool_calls"][0]["id"] == tool["tool_call_id"] == "13912345670"
    assert tool["content"] == "[PHONE] answers"
    assert json.dumps(record) == before
    assert put_placeholders(clean, {"kind": "phone", "placeholder": "[PHONE]"}) is clean


def test_preferences_and_references_are_read_too() -> None:
    preferred = {
        "input": {"messages": [{"role": "user", "content": "q"}]},
        "preferred_output": [{"role": "assistant", "content": "good"}],
        "non_preferred_output": [{"role": "assistant", "content": "ask a@b.cn"}],
    }
    graded = {"messages": [{"role": "user", "content": "q"}], "reference": "a@b.cn"}
    assert list(found_in(preferred, graded)["private_mail"].found.rows) == [0, 1]


def test_a_record_without_anything_private_is_the_very_same() -> None:
    record = pair("a", "b")
    assert put_placeholders(record, {"kind": "mail", "placeholder": "[EMAIL]"}) is record


def test_ten_thousand_plain_examples_find_nothing() -> None:
    assert found_in(*[pair(f"How much is {n} times 17?", f"It is {17 * n}, of course.") for n in range(10_000)]) == {}


def test_a_key_of_small_letters_is_found_behind_its_beginning_and_a_long_word_is_none() -> None:
    tail = "abcdefghijklmnopqrst"
    keys = [f"sk-{tail}", f"xoxb-{tail}", f"sk_live_{tail}", f"glpat-{tail}", f"hf_{tail}abcdefghijklmn"]
    found = found_in(*(pair("q", f"responsibilities {key}") for key in keys), pair("q", "responsibilities" * 3))
    assert list(found["private_key"].found.rows) == [0, 1, 2, 3, 4]

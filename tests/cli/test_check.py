"""`check`: whether a service takes a file."""

import json

import pytest

MINI = "openai:gpt-4.1-mini-2025-04-14"


def codes(found):
    return {problem["code"] for problem in found["problems"] if problem["severity"] == "error"}


def test_a_plain_chat_file_passes(asked, write, chat):
    status, found = asked("check", write("chat.jsonl", chat), "--target", MINI)
    assert (status, found["passed"], found["target"], found["kind"]) == (0, True, MINI, "dataset")


def test_the_names_of_targets_that_fail_are_refused_with_near_ones(cli, write, chat):
    done = cli("check", write("chat.jsonl", chat), "--target", "opnai:gpt-4.1")
    assert done.returncode == 2
    assert "openai:" in done.stderr


def test_a_refusal_has_the_keys_of_every_answer(asked, write, chat):
    path = write("chat.jsonl", chat)
    status, found = asked("check", path, "--target", "openai:gpt-5")
    assert (status, found["passed"], found["target"]) == (2, False, "openai:gpt-5")
    assert found["problems"][0]["code"] == "unknown_target"
    assert "openai:gpt-4.1-mini-2025-04-14" in found["problems"][0]["fix"]
    status, found = asked("check", path)
    assert (status, found["passed"], found["target"]) == (2, False, None)


def test_a_rule_that_one_example_breaks_is_told_without_a_wrong_plural(asked, write, chat):
    chat[3]["messages"][0]["name"] = "ann"
    _status, found = asked("check", write("chat.jsonl", chat), "--target", "alibaba:sft", "--lang", "en")
    problem = next(each for each in found["problems"] if each["code"] == "name_not_taken")
    assert problem["message"].endswith(": 1.")


@pytest.mark.parametrize(
    ("change", "target", "code"),
    [
        (lambda message: message.update(name="ann"), "alibaba:sft", "name_not_taken"),
        (lambda message: message.update(mood="fine"), MINI, "extra_key"),
        (lambda message: message.update(weight=1), MINI, "weight_misplaced"),
    ],
)
def test_a_refused_key_names_the_line_and_the_fix(asked, write, chat, change, target, code):
    change(chat[3]["messages"][0])
    status, found = asked("check", write("chat.jsonl", chat), "--target", target)
    assert (status, found["passed"]) == (1, False)
    problem = next(each for each in found["problems"] if each["code"] == code)
    assert problem["lines"] == [4]
    assert problem["fix"]
    assert problem["source"].startswith("https://")


def test_too_few_examples_fail_where_the_service_wants_more(asked, write, chat):
    path = write("chat.jsonl", chat[:5])
    assert codes(asked("check", path, "--target", MINI)[1]) >= {"too_few_examples"}
    assert asked("check", path, "--target", "fireworks:sft")[1]["passed"]


def test_a_mark_is_wanted_by_one_and_refused_by_another(asked, write, chat):
    bare, marked = write("bare.jsonl", chat), write("marked.jsonl", chat, "utf-8-sig")
    assert asked("check", bare, "--target", MINI)[0] == 0
    assert codes(asked("check", marked, "--target", MINI)[1]) == {"bom_not_taken"}
    assert codes(asked("check", bare, "--target", "azure")[1]) == {"bom_missing"}
    assert asked("check", marked, "--target", "azure")[0] == 0


def test_pairs_are_taken_by_the_engine_and_not_by_openai(asked, write, pairs):
    path = write("pairs.jsonl", [{"prompt": ask, "completion": say} for ask, say in pairs])
    assert asked("check", path, "--target", "engine:starter")[1]["passed"]
    assert "format_not_taken" in codes(asked("check", path, "--target", MINI)[1])


def test_a_line_that_is_no_example_fails_the_file_as_it_stands(asked, write, chat):
    chat[2]["messages"].pop()
    status, found = asked("check", write("chat.jsonl", chat), "--target", MINI)
    assert (status, found["passed"]) == (1, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record["messages"][0].update(role="Human"),
        lambda record: record.update(messages=json.dumps(record["messages"])),
        lambda record: record.update(prompt="What?", completion="That.") or record.pop("messages"),
    ],
)
def test_what_only_we_understand_fails_the_file_as_it_stands(asked, cli, write, chat, tmp_path, change):
    change(chat[3])
    path, out = write("chat.jsonl", chat), tmp_path / "out.jsonl"
    status, found = asked("check", path, "--target", MINI)
    assert (status, found["passed"]) == (1, False)
    assert next(each for each in found["problems"] if each["code"] == "read_otherwise")["lines"] == [4]
    cli("prepare", path, "-o", out, "--target", MINI)
    assert asked("check", out, "--target", MINI)[0] == 0


def test_a_file_with_every_key_that_openai_knows_passes(asked, write, pairs):
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    rows = [
        {
            "messages": [
                {"role": "developer", "content": "Be kind.", "name": "dev"},
                {"role": "user", "content": [{"type": "text", "text": ask}], "name": "ann"},
                {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
                {"role": "tool", "content": "found", "tool_call_id": "c1"},
                {"role": "assistant", "content": say, "refusal": None, "weight": 1},
            ],
            "tools": [tool],
            "parallel_tool_calls": False,
        }
        for ask, say in pairs
    ]
    status, found = asked("check", write("chat.jsonl", rows), "--target", MINI)
    assert (status, codes(found)) == (0, set())


def test_a_result_file_is_none_to_check(asked, write):
    status, found = asked("check", write("r.csv", "step,train_loss\n1,2.0\n2,1.0\n"), "--target", MINI)
    assert (status, found["kind"], found["passed"]) == (1, "results", False)


def test_of_a_table_it_is_said_that_it_has_to_be_written_first(asked, write, pairs):
    rows = "question,answer\n" + "".join(f"{ask},{say}\n" for ask, say in pairs)
    status, found = asked("check", write("pairs.csv", rows), "--target", MINI)
    assert (status, found["passed"]) == (0, True)
    assert "not_written_yet" in {problem["code"] for problem in found["problems"]}


def test_what_was_prepared_for_a_service_passes_without_a_warning(asked, cli, write, pairs, tmp_path):
    rows = [{"question": ask, "answer": say} for ask, say in pairs]
    for target in ("engine:starter", "azure", "trl:sft"):
        out = tmp_path / f"{target.replace(':', '_')}.jsonl"
        assert cli("prepare", write("pairs.jsonl", rows), "-o", out, "--yes", "--target", target).returncode == 0
        status, found = asked("check", out, "--target", target)
        assert (status, found["passed"]) == (0, True)
        assert {problem["severity"] for problem in found["problems"]} <= {"hint"}


def test_a_preference_in_the_spelling_of_another_service_has_to_be_written_first(asked, cli, write, pairs, tmp_path):
    ours = [
        {
            "input": {"messages": [{"role": "user", "content": ask}]},
            "preferred_output": [{"role": "assistant", "content": say}],
            "non_preferred_output": [{"role": "assistant", "content": say[::-1]}],
        }
        for ask, say in pairs
    ]
    path, out = write("pairs.jsonl", ours), tmp_path / "out.jsonl"
    codes = {
        target: {problem["code"] for problem in asked("check", path, "--target", target)[1]["problems"]}
        for target in (MINI, "alibaba:dpo", "trl:dpo")
    }
    assert [target for target, found in codes.items() if "not_written_yet" in found] == ["alibaba:dpo", "trl:dpo"]
    cli("prepare", path, "-o", out, "--target", "trl:dpo")
    status, found = asked("check", out, "--target", "trl:dpo")
    assert (status, found["passed"]) == (0, True)
    assert "not_written_yet" not in {problem["code"] for problem in found["problems"]}

"""`inspect`: what a file is, how it was read, what is wrong with it."""

import json

import pytest

KEYS = (
    "kind",
    "format",
    "encoding",
    "dialect",
    "sheets",
    "rows",
    "columns",
    "mapping",
    "examples",
    "problems",
    "tokens",
)


def test_a_table_is_described_with_its_columns_their_roles_and_tokens(asked, write, pairs):
    rows = "question;answer\r\n" + "".join(f"{ask};{say}\r\n" for ask, say in pairs)
    status, found = asked("inspect", write("pairs.csv", rows, "gb18030"))
    assert [key for key in KEYS if key not in found] == []
    assert (found["kind"], found["format"], found["dialect"]) == ("dataset", "csv", {"delimiter": ";"})
    assert (found["rows"], found["examples"], found["columns"]) == (12, 12, ["question", "answer"])
    assert found["mapping"]["prompt"]["columns"] == ["question"]
    assert found["mapping"]["prompt"]["guessed"] is False
    assert found["tokens"]["total"] == sum(found["tokens"]["roles"].values())
    assert status == int(any(problem["severity"] != "hint" for problem in found["problems"]))


def test_lines_of_conversations_are_told_and_gathered(asked, write):
    said = (("1", "user", "Where is my order of last week?"), ("2", "agent", "It is on its way to you now."))
    lines = [",".join((f"t{n}", *line)) for n in range(12) for line in said]
    _status, found = asked("inspect", write("log.csv", "\n".join(["thread_id,turn,speaker,text", *lines])))
    assert (found["data_format"], found["example_format"], found["examples"]) == ("threads", "chat", 12)
    assert found["columns"] == ["thread_id", "turn", "speaker", "text"]
    assert found["rows"] == 24
    assert found["mapping"]["thread"]["column"] == "thread_id"
    assert found["described"].startswith("Lines of conversations")


def test_a_broken_line_is_named_with_line_and_column_and_the_others_are_read(asked, write, chat):
    lines = [json.dumps(record) for record in chat]
    lines[4] = '{"messages": [}'
    status, found = asked("inspect", write("chat.jsonl", "\n".join(lines) + "\n"))
    problem = next(each for each in found["problems"] if each["code"] == "broken_lines")
    assert (status, found["examples"], found["rows"]) == (1, 11, 12)
    assert (problem["severity"], problem["count"], problem["lines"]) == ("error", 1, [5])
    assert problem["places"][0]["column"] == 15
    assert problem["fix"]


def test_duplicates_are_a_problem_with_lines_and_a_fix(asked, write, chat):
    status, found = asked("inspect", write("chat.jsonl", [*chat, chat[0]]))
    problem = next(each for each in found["problems"] if each["code"] == "duplicate_rows")
    assert status == 1
    assert problem["count"] >= 1
    assert 13 in problem["lines"]


@pytest.mark.parametrize(
    ("name", "content", "kind", "status"),
    [
        ("step_metrics.csv", "step,train_loss,valid_loss\n1,3.6,\n2,2.1,\n", "results", 1),
        ("empty.csv", "", "unknown", 2),
        ("noise.bin", "\x00\x01\x02\x7f" * 50, "unknown", 2),
    ],
)
def test_a_file_that_is_no_dataset_is_told_what_it_is(asked, write, name, content, kind, status):
    code, found = asked("inspect", write(name, content))
    assert (code, found["kind"]) == (status, kind)
    assert [key for key in KEYS if key not in found] == []
    assert found["problems"][0]["message"]
    assert found["problems"][0]["fix"]


def test_a_file_that_is_not_there_is_a_refusal_in_words(cli, tmp_path):
    done = cli("inspect", tmp_path / "nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_reading_can_be_overridden(asked, write):
    status, found = asked(
        "inspect",
        write("a.csv", "café|thé\nx|y\n", "latin-1"),
        "--encoding",
        "latin-1",
        "--delimiter",
        "|",
        "--no-header",
    )
    assert found["rows"] == 2
    assert found["dialect"] == {"delimiter": "|"}
    assert status in (0, 1)


def test_a_column_can_be_given_a_role_and_a_wrong_one_is_refused(asked, write):
    path = write("a.csv", "x,y\n" + "".join(f"text {n} here,label {n}\n" for n in range(12)))
    _status, found = asked("inspect", path, "--role", "x=completion", "--role", "y=prompt")
    assert found["mapping"]["completion"] == {"column": "x", "columns": ["x"], "guessed": False, "why": ""}
    status, refused = asked("inspect", path, "--role", "z=prompt")
    assert (status, refused["problems"][0]["code"]) == (2, "unknown_role")


def test_a_terminal_is_never_sent_control_characters_of_the_file(cli, write, pairs):
    rows = [{"prompt": ask + "\x1b[2J\u202e", "completion": say, "\x1b]0;owned\x07": 1} for ask, say in pairs]
    done = cli("inspect", write("evil.jsonl", rows))
    assert "\x1b" not in done.stdout + done.stderr
    assert "\u202e" not in done.stdout + done.stderr


def test_in_a_pipe_there_are_plain_lines_and_no_progress_bar(cli, write, chat):
    done = cli("inspect", write("chat.jsonl", chat), "--no-tokens")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "12" in done.stdout


def test_the_answer_is_in_the_language_that_was_asked_for(cli, write, chat):
    path = write("chat.jsonl", chat)
    assert cli("inspect", path, "--lang", "en").stdout != cli("inspect", path, "--lang", "zh_CN").stdout


def test_a_leak_into_validation_is_found(asked, write, chat):
    train, valid = write("train.jsonl", chat), write("valid.jsonl", chat[:2])
    status, found = asked("inspect", train, "--validation", valid)
    leak = next(each for each in found["problems"] if each["code"] == "validation_leak")
    assert (status, leak["count"], leak["lines"]) == (1, 2, [1, 2])


def test_answers_that_nobody_wants_are_left_out_without_calling_the_file_faulty(asked, write, pairs):
    rows = [{"prompt": ask, "completion": say, "label": n > 1} for n, (ask, say) in enumerate(pairs)]
    status, found = asked("inspect", write("kto.jsonl", rows))
    left_out = next(each for each in found["problems"] if each["code"] == "not_desirable")
    assert (status, found["examples"]) == (0, 10)
    assert (left_out["severity"], left_out["lines"]) == ("hint", [1, 2])


def test_a_fix_says_which_command_accepts_it(asked, write, chat):
    _status, found = asked("inspect", write("chat.jsonl", [*chat, chat[0]]), "--lang", "en")
    problem = next(each for each in found["problems"] if each["code"] == "duplicate_rows")
    assert problem["fixable"]
    assert "prepare --yes" in problem["fix"]


def test_arguments_that_make_no_command_are_refused_as_json_too(asked, write, chat):
    status, found = asked("inspect")
    assert (status, found["problems"][0]["code"]) == (2, "bad_usage")
    assert "FILE" in found["problems"][0]["message"]


def test_a_validation_file_of_another_kind_is_refused(asked, write, chat):
    train, valid = write("train.jsonl", chat), write("valid.csv", "name,age\nann,12\nbob,13\n")
    status, found = asked("inspect", train, "--validation", valid)
    assert (status, found["problems"][0]["code"]) == (2, "validation_does_not_fit")

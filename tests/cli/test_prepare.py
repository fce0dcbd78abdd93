"""`prepare`: a file in, a dataset out."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def records(path):
    return [json.loads(line) for line in path.read_text("utf-8-sig").splitlines()]


@pytest.fixture
def table(write, pairs):
    """A table with a duplicate row and an empty answer."""
    rows = [*pairs, pairs[0], ("What is left?", "")]
    text = io.StringIO()
    csv.writer(text).writerows([("question", "answer"), *rows])
    return write("pairs with space.csv", text.getvalue())


def test_yes_makes_the_fixes_and_the_recipe_does_the_same_again(cli, table, tmp_path):
    out, recipe = tmp_path / "out.jsonl", tmp_path / "recipe.json"
    done = cli("prepare", table, "-o", out, "--yes", "--save-recipe", recipe)
    assert done.returncode in (0, 1), done.stderr
    assert len(records(out)) == 12
    again = tmp_path / "again.jsonl"
    cli("prepare", table, "-o", again, "--recipe", recipe)
    assert again.read_bytes() == out.read_bytes()
    own = tmp_path / "own.jsonl"
    cli("prepare", out, "-o", own, "--recipe", recipe)
    assert own.read_bytes() == out.read_bytes()


def test_in_a_pipe_only_what_is_necessary_is_done_and_the_rest_is_listed(cli, table, tmp_path):
    out = tmp_path / "out.jsonl"
    done = cli("prepare", table, "-o", out)
    assert len(records(out)) == 13
    assert "--yes" in done.stdout
    assert done.returncode == 1


def test_nothing_is_replaced_without_force_and_never_the_file_itself(cli, table, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("mine", "utf-8")
    done = cli("prepare", table, "-o", out, "--yes")
    assert (done.returncode, out.read_text("utf-8")) == (2, "mine")
    assert "out.jsonl" in done.stderr
    assert cli("prepare", table, "-o", out, "--yes", "--force").returncode in (0, 1)
    assert out.read_text("utf-8") != "mine"
    before = table.read_bytes()
    assert cli("prepare", table, "-o", table, "--yes", "--force").returncode == 2
    assert table.read_bytes() == before


def test_a_target_gets_what_it_wants(cli, asked, write, chat, tmp_path):
    for record in chat:
        record["messages"][0]["name"] = "ann"
    path = write("chat.jsonl", chat)
    for target, mark in (("azure:gpt-4.1-mini-2025-04-14", True), ("alibaba:sft", False)):
        out = tmp_path / f"{target.partition(':')[0]}.jsonl"
        cli("prepare", path, "-o", out, "--yes", "--target", target)
        assert out.read_bytes().startswith(b"\xef\xbb\xbf") is mark
        assert ("name" in records(out)[0]["messages"][0]) is (target != "alibaba:sft")
        _status, found = asked("check", out, "--target", target)
        assert found["passed"], found["problems"]


@pytest.mark.parametrize("target", ["openai", "trl:dpo", "alibaba:dpo"])
def test_what_was_written_in_the_spelling_of_a_target_comes_out_the_same_again(cli, write, pairs, tmp_path, target):
    rows = [
        {
            "conversations": [{"from": "human", "value": ask}],
            "chosen": {"from": "gpt", "value": say},
            "rejected": {"from": "gpt", "value": "I don't know."},
        }
        for ask, say in pairs
    ]
    out, recipe, again = (tmp_path / name for name in ("out.jsonl", "recipe.json", "again.jsonl"))
    cli("prepare", write("p.jsonl", rows), "-o", out, "--yes", "--target", target, "--save-recipe", recipe)
    cli("prepare", out, "-o", again, "--recipe", recipe, "--target", target)
    assert len(records(out)) == 12
    assert again.read_bytes() == out.read_bytes()


def test_a_table_becomes_chat_for_a_target_that_learns_from_chat(cli, table, tmp_path):
    out = tmp_path / "out.jsonl"
    cli("prepare", table, "-o", out, "--yes", "--target", "openai:gpt-4.1-mini-2025-04-14")
    assert [message["role"] for message in records(out)[0]["messages"]][-2:] == ["user", "assistant"]


def test_a_report_shows_user_data_as_text(cli, write, tmp_path, pairs):
    rows = [{"prompt": f"<img src=x> [a](http://b) {ask}", "completion": say, "<b>": 1} for ask, say in pairs]
    report = tmp_path / "report.md"
    path = write("evil.jsonl", [*rows, rows[0]])
    cli("prepare", path, "-o", tmp_path / "out.jsonl", "--yes", "--report", report)
    text = report.read_text("utf-8")
    assert text.startswith("# ")
    assert "<b>" not in text.replace("\\<b\\>", "")


def test_a_table_for_people_has_no_formulas(cli, write, pairs, tmp_path):
    rows = [{"prompt": ask, "completion": f"={say}"} for ask, say in pairs]
    out = tmp_path / "people.csv"
    cli("prepare", write("pairs.jsonl", rows), "-o", out, "--yes")
    cells = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert not any(cell.startswith("=") for row in cells for cell in row)


def test_validation_gets_the_same_recipe(cli, write, pairs, tmp_path):
    def rows(some):
        return "question,answer\n" + "".join(f'"{ask}","{say}"\n' for ask, say in some)

    train, valid = write("train.csv", rows(pairs)), write("valid.csv", rows([("What is new?", "All of it is new.")]))
    cli("prepare", train, "-o", tmp_path / "out.jsonl", "--yes", "--validation", valid)
    made, checked = records(tmp_path / "out.jsonl"), records(tmp_path / "out_validation.jsonl")
    assert made[0].keys() == checked[0].keys()
    assert made[0]["prompt"][-3:] == checked[0]["prompt"][-3:]


def test_what_leaks_into_validation_leaves_training(cli, write, chat, tmp_path):
    train, valid = write("train.jsonl", chat), write("valid.jsonl", chat[:1])
    cli("prepare", train, "-o", tmp_path / "out.jsonl", "--yes", "--validation", valid)
    assert chat[0] not in records(tmp_path / "out.jsonl")
    assert records(tmp_path / "out_validation.jsonl") == chat[:1]


def test_a_recipe_that_is_none_is_refused(cli, table, write, tmp_path):
    done = cli("prepare", table, "-o", tmp_path / "out.jsonl", "--recipe", write("recipe.json", "[1, 2]"))
    assert done.returncode == 2
    assert not (tmp_path / "out.jsonl").exists()
    assert "Traceback" not in done.stderr


def test_a_dataset_without_examples_is_not_written(cli, write, tmp_path):
    path = write("silent.jsonl", [{"messages": [{"role": "assistant", "content": ""}]}] * 12)
    done = cli("prepare", path, "-o", tmp_path / "out.jsonl", "--yes", "--format", "chat")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_finds_no_half_file(write, tmp_path, chat, told):
    path, out = write("chat.jsonl", chat * 20_000), tmp_path / "out.jsonl"
    running = subprocess.Popen(
        [sys.executable, "-m", "lib.cli", "prepare", path, "-o", out, "--yes"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    time.sleep(1.0)
    if told == signal.SIGTERM:
        running.send_signal(told)  # of its processes, `kill` knows but the first
    else:
        os.killpg(running.pid, told)
    _out, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert b"Traceback" not in said
    assert [left.name for left in tmp_path.iterdir()] == ["chat.jsonl"]


def test_on_a_terminal_each_fix_is_asked_for_with_before_and_after(table, tmp_path):
    pty = pytest.importorskip("pty")
    out, (ours, theirs) = tmp_path / "out.jsonl", pty.openpty()
    command = [sys.executable, "-m", "lib.cli", "prepare", table, "-o", out]
    running = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"y\n" * 20)
    shown = b""
    with contextlib.suppress(OSError):  # how a closed terminal ends on Linux
        while more := os.read(ours, 4096):
            shown += more
    assert running.wait(60) in (0, 1)
    assert "What are stars good for?" in shown.decode()
    assert len(records(out)) == 12


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("[]", "roles"),
        ('{"roles": {"question": "prompt"}}', "prompt"),
        ('{"roles": {"question": "prompt", "answer": "completion"}, "format": "nonsense"}', "nonsense"),
        ('{"roles": {"question": "prompt", "answer": "completion"}, "fixes": [5]}', "fixes: 5"),
    ],
)
def test_a_recipe_that_is_none_is_refused_with_what_is_wrong_in_it(cli, table, write, tmp_path, recipe, told):
    out = tmp_path / "out.jsonl"
    done = cli("prepare", table, "-o", out, "--recipe", write("r.json", recipe), "--lang", "en")
    assert (done.returncode, out.exists()) == (2, False)
    assert done.stderr.startswith("The recipe")
    assert told in done.stderr.splitlines()[0]

"""What people already use works against the engine unchanged but for a base URL and a key."""

from __future__ import annotations

from tests.clients.conftest import Run


def test_the_openai_package_for_node(run: Run) -> None:
    told = run("openai_node.mjs")
    assert told["jobs"] >= 1
    assert told["events"] >= 3
    assert told["finish"] in ("stop", "length")
    assert told["streamed"] == told["whole"], "greedy text is the same streamed and whole"
    assert told["refused"] == [404, "model_not_found"]
    assert told["uploaded"] == "processed"
    assert told["states"] == ["paused", told["states"][1], "cancelled"]
    assert told["states"][1] in ("validating", "waiting", "running")
    assert told["batched"] == told["whole"], "greedy text is the same in a batch"


def test_llm_on_the_command_line(run: Run) -> None:
    told = run("llm_cli.py")
    assert told["whole"] == told["streamed"]
    assert told["whole"]


def test_litellm(run: Run) -> None:
    told = run("litellm_calls.py")
    assert told["text"] == told["streamed"]
    assert told["job_status"] in ("validating_files", "queued", "running")
    assert told["cancelled"] == "cancelled"


def test_langchain(run: Run) -> None:
    told = run("langchain_chat.py")
    assert told["text"] == told["streamed"]
    assert told["tokens"] > 0
    assert told["logprobs"] > 0


def test_dspy_fine_tunes_and_asks(run: Run) -> None:
    told = run("dspy_finetune.py")
    assert told["model"].startswith("ft:starter")
    assert told["text"]


def test_wandb_syncs_a_job(run: Run) -> None:
    told = run("wandb_sync.py", WANDB_MODE="offline", WANDB_API_KEY="0" * 40, WANDB_SILENT="true")
    assert "successfully" in told["sync"]
    assert told["steps"] >= 1
    assert told["tables"] == 1
    assert {"train_loss", "train_accuracy", "valid_loss"} <= set(told["columns"])

from __future__ import annotations

import base64
import json

import pytest

from lib.datasets.errors import ApiAnswer, JobListing, ResultFile, UnsupportedFile
from lib.datasets.files.readers import read_table

RESULTS = {
    "new": "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,0.5,0.9,,\n",
    "newer": "step,train_loss,train_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy\n1,.5,.9,,\n",
    "reinforcement": "step,train_mean_reward,full_valid_mean_reward,completion_tokens_mean\n1,0.5,,12\n",
    "old": "step,elapsed_tokens,elapsed_examples,training_loss,training_token_accuracy\n1,9,1,1,0\n",
    "classification": "step,elapsed_tokens,training_loss,classification/accuracy,classification/f1.0\n1,9,1,0.5,0.4\n",
    "header only": "step,train_loss,valid_loss\n",
    "semicolons": "step;train_loss;valid_loss\n1;0.5;\n",
}


@pytest.mark.parametrize("text", RESULTS.values(), ids=RESULTS.keys())
@pytest.mark.parametrize("packed", [False, True])
def test_a_result_file_of_any_kind_belongs_to_the_results_page(text: str, packed: bool) -> None:
    data = base64.encodebytes(text.encode()) if packed and ";" not in text else text.encode()
    with pytest.raises(ResultFile):
        read_table(data, "step_metrics.csv")


def test_a_dataset_that_names_a_metric_in_words_is_a_dataset() -> None:
    assert read_table(b"step,train_loss_question,answer\n1,why,so\n", "a.csv").rows
    assert read_table(b"step,train_score_text,eval_score\n1,why so,good\n", "a.csv").rows


JOB = {"object": "fine_tuning.job", "id": "ftjob-1", "model": "m", "status": "succeeded", "hyperparameters": {"n": 1}}
EVENT = {"object": "fine_tuning.job.event", "id": "ftevent-1", "level": "info", "message": "Step 1"}
OLD_EVENT = {"object": "fine-tune-event", "created_at": 1, "level": "info", "message": "Created"}


@pytest.mark.parametrize("item", [JOB, EVENT, OLD_EVENT, {**JOB, "result_files": [{"object": "file", "id": "file-1"}]}])
@pytest.mark.parametrize("wrap", ["list", "lines", "alone", "array"])
def test_a_listing_of_jobs_or_events_is_told_apart(item: dict[str, object], wrap: str) -> None:
    text = {
        "list": json.dumps({"object": "list", "data": [item, item], "has_more": False}),
        "lines": json.dumps(item) + "\n" + json.dumps(item),
        "alone": json.dumps(item, indent=1),
        "array": json.dumps([item]),
    }[wrap]
    with pytest.raises(JobListing):
        read_table(text.encode(), "jobs.json")


@pytest.mark.parametrize(
    "item",
    [
        {"object": "file", "id": "file-1", "purpose": "fine-tune"},
        {"object": "model", "id": "gpt-4.1", "created": 1},
        {"object": "chat.completion", "id": "c", "choices": [{"message": {"role": "assistant", "content": "x"}}]},
    ],
)
def test_an_answer_of_an_api_is_called_that(item: dict[str, object]) -> None:
    with pytest.raises(ApiAnswer, match=str(item["object"])):
        read_table(json.dumps(item).encode(), "a.json")


def test_a_column_called_object_alone_means_nothing() -> None:
    assert read_table(b"object,label\nmodel,a\nfile,b\n", "a.csv").rows


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<?xml version='1.0'?><rows><row a='1'/></rows>", "XML"),
        (b"<rows><row>1</row></rows>", "XML"),
        (b"\xef\xbb\xbf <!DOCTYPE html><html><table><tr><td>1", "HTML"),
        (b"<html xmlns:x='urn'><table><tr><td>1", "HTML"),
        (b"{\\rtf1\\ansi text}", "RTF"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (b"x" * 257 + b"ustar\x0000", "TAR"),
        (b"\x08\x00\x00\x00\x00\x00\x00\x00" + b'{"__metadata__":{}}', "safetensors"),
    ],
)
def test_a_file_that_holds_no_rows_is_called_what_it_is(data: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedFile, match=kind):
        read_table(data, "old.xls")


def test_text_that_talks_in_tags_is_still_text() -> None:
    assert read_table(b"<think> is a tag\n<b>bold</b> words\n", "a.txt").rows
    assert read_table(b"prompt,completion\n<b>x</b>,y\n", "a.csv").rows


@pytest.mark.parametrize("name", ["GGUF", "PAR1", "ARROW1", "GIF8", "Rar!", "BZh"])
def test_a_column_may_be_called_like_the_first_letters_of_a_foreign_file(name: str) -> None:
    assert read_table(f"{name};answer\n1;2\n".encode(), "a.csv").columns == [name, "answer"]

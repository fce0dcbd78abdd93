"""DSPy: its fine-tuning provider trains a starter from chat examples, then the tuned model is asked."""

import json
import os
from pathlib import Path

import dspy
import openai
from dspy.clients.openai import OpenAIProvider
from dspy.clients.utils_finetune import TrainDataFormat

openai.base_url = os.environ["TUNEBOARD_URL"] + "/"
openai.api_key = os.environ["TUNEBOARD_KEY"]
with Path(os.environ["TUNEBOARD_TRAIN"]).open(encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
provider = OpenAIProvider()
waiting = provider.wait_for_job
OpenAIProvider.wait_for_job = staticmethod(lambda job: waiting(job, poll_frequency=1))  # it would sleep 20 s a look
job = provider.TrainingJob(model="openai/starter", train_data=rows, train_data_format=TrainDataFormat.CHAT)
model = provider.finetune(job, "openai/starter", rows, TrainDataFormat.CHAT, {"n_epochs": 1})
where = {"api_base": os.environ["TUNEBOARD_URL"], "api_key": os.environ["TUNEBOARD_KEY"]}
lm = dspy.LM("openai/" + model, temperature=0.0, max_tokens=8, cache=False, **where)
print(json.dumps({"model": model, "text": lm("item 3")[0]}))

"""litellm: a chat whole and streamed, then a file, a job and its cancelling."""

import json
import os
from pathlib import Path

import litellm

litellm.suppress_debug_info = True
where = {"api_base": os.environ["TUNEBOARD_URL"], "api_key": os.environ["TUNEBOARD_KEY"]}
asked = {
    "model": "openai/" + os.environ["TUNEBOARD_MODEL"],
    "messages": [{"role": "user", "content": "item 3"}],
    "temperature": 0,
    "max_tokens": 8,
    **where,
}
text = litellm.completion(**asked).choices[0].message.content
streamed = "".join(chunk.choices[0].delta.content or "" for chunk in litellm.completion(stream=True, **asked))

with Path(os.environ["TUNEBOARD_TRAIN"]).open("rb") as file:
    uploaded = litellm.create_file(file=file, purpose="fine-tune", custom_llm_provider="openai", **where)
job = litellm.create_fine_tuning_job(
    model="starter", training_file=uploaded.id, custom_llm_provider="openai", hyperparameters={"n_epochs": 1}, **where
)
cancelled = litellm.cancel_fine_tuning_job(fine_tuning_job_id=job.id, custom_llm_provider="openai", **where)
print(json.dumps({"text": text, "streamed": streamed, "job_status": job.status, "cancelled": cancelled.status}))

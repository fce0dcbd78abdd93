"""langchain-openai: a chat whole and streamed, with usage and log probabilities."""

import json
import os

from langchain_openai import ChatOpenAI

chat = ChatOpenAI(
    base_url=os.environ["TUNEBOARD_URL"],
    api_key=os.environ["TUNEBOARD_KEY"],
    model=os.environ["TUNEBOARD_MODEL"],
    temperature=0,
    max_tokens=8,
)
whole = chat.bind(logprobs=True, top_logprobs=2).invoke("item 3")
streamed = "".join(piece.text for piece in chat.stream("item 3"))
print(
    json.dumps(
        {
            "text": whole.text,
            "streamed": streamed,
            "tokens": whole.usage_metadata["output_tokens"],
            "logprobs": len(whole.response_metadata["logprobs"]["content"]),
        }
    )
)

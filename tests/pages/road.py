"""A dataset version, jobs and their events, put into the library as the earlier rooms would have left them."""

from __future__ import annotations

from typing import Any

from lib import db, library
from lib.datasets.recipe import Recipe
from lib.library import Version

HOSTILE = '<img src=x onerror="alert(1)"> ![pixel](http://x.example/y.png) [click](http://x.example) :material/home:'
STORY = Recipe(
    roles={"dynasty": "prompt", "power": "prompt", "mood": "prompt", "story": "completion"},
    format="completion",
    separator=" ->",
    stop="\n\n###\n\n",
)
CHAT = Recipe(roles={"messages": "messages"}, format="chat", separator="", stop="", system_prompt="Be dry.")


def stories(n: int = 40, name: str = "stories") -> Version:
    """Store a flat version of `n` examples."""
    records = [{"prompt": f"唐,隐形{i},轻松 ->", "completion": f"从前有英雄{i}。\n\n###\n\n"} for i in range(n)]
    return library.save_version(name, STORY, records, library.save_upload(f"{name}.csv", name.encode()))


def chats(n: int = 40, name: str = "facts") -> Version:
    """Store a chat version of `n` examples."""
    records = [{"messages": [said("user", f"Question {i}?"), said("assistant", f"Answer {i}.")]} for i in range(n)]
    return library.save_version(name, CHAT, records, library.save_upload(f"{name}.jsonl", name.encode()))


def preferences(n: int = 40, name: str = "preferences") -> Version:
    """Store a version of `n` questions with a preferred and a rejected answer."""
    recipe = Recipe(roles={"q": "prompt", "good": "preferred", "bad": "rejected"}, format="preference", separator="")
    records = [
        {
            "input": {"messages": [said("user", f"Question {i}?")]},
            "preferred_output": [said("assistant", "Yes.")],
            "non_preferred_output": [said("assistant", "No.")],
        }
        for i in range(n)
    ]
    return library.save_version(name, recipe, records, library.save_upload(f"{name}.jsonl", name.encode()))


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def job(version: Version, status: str = "running", **values: Any) -> str:
    """Store a job on the engine and return its id."""
    row = db.JobRow(
        id=values.pop("id", db.new_id()),
        connection=values.pop("connection", "engine"),
        model=values.pop("model", "starter"),
        version_id=version.id,
        name=values.pop("name", "My stories"),
        recipe=version.recipe.to_json(),
        status=status,
        started_at=values.pop("started_at", db.now() - 60),
        **values,
    )
    with db.session() as opened:
        opened.add(row)
    return row.id


def learn(job_id: str, steps: int = 12, total: int = 40) -> None:
    """Store the metrics events of the first `steps` steps."""
    with db.session() as opened:
        for step in range(1, steps + 1):
            data = {
                "step": step,
                "total_steps": total,
                "train_loss": 4 / step,
                "train_mean_token_accuracy": 1 - 1 / step,
            }
            if step % 4 == 0:
                data |= {"valid_loss": 4.2 / step, "valid_mean_token_accuracy": 1 - 1.1 / step}
            opened.add(event(job_id, f"step-{step}", f"Step {step}/{total}", type="metrics", data=data))


def tell(job_id: str, message: str) -> None:
    """Store a message event of the backend."""
    with db.session() as opened:
        opened.add(event(job_id, db.new_id(), message))


def event(job_id: str, event_id: str, message: str, **values: Any) -> db.EventRow:
    return db.EventRow(job_id=job_id, event_id=event_id, created_at=db.now(), message=message, **values)


def texts(at: Any) -> str:
    """Return everything on screen that Streamlit reads as Markdown, joined."""
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success, at.title, at.subheader, at.header)
    labels = [w.label for w in (*at.button, *at.expander, *at.selectbox, *at.multiselect, *at.metric)]
    titles = [getattr(alert, "title", "") or getattr(alert.proto, "title", "") for alert in (*at.error, *at.warning)]
    return "\n".join([*(str(e.value) for kind in kinds for e in kind), *labels, *titles])


def plain(markdown: str) -> str:
    """Return Markdown of ours without its escapes, to be compared with what a person reads."""
    return markdown.replace("\\", "").replace("\u2060", "")

"""Names that people give to the two sides of a conversation -> roles. A name that is not listed is never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.datasets.shapes.conversations import ANSWER, CALL, ROLES

USERS = "customer client visitor caller guest patient student buyer me 顾客 客户 买家 访客 我 患者 病人 学生 提问者"
ASSISTANTS = "agent support operator seller advisor doctor teacher ai chatbot 客服 卖家 机器人 医生 老师 店家 人工智能"
SPEAKERS = {
    **{name: role for name, role in ROLES.items() if role not in (CALL, ANSWER)},
    **dict.fromkeys(USERS.split(), "user"),
    **dict.fromkeys(ASSISTANTS.split(), "assistant"),
}


def role_of(name: str, told: Mapping[str, str]) -> str | None:
    """Return the role of a speaker: as `told` by the user, else by the lists here; None when nobody knows."""
    name = name.strip()
    return told.get(name) or SPEAKERS.get(name.lower())


def known_speakers(names: Sequence[object]) -> bool:
    """Say whether most names are speakers, and both sides speak."""
    filled = [role_of(str(name), {}) for name in names if name != ""]
    known = [role for role in filled if role]
    return len(known) * 2 > len(filled) and {"user", "assistant"} <= set(known)

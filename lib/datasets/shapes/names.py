"""What the names of columns say about them, in Chinese and English."""

from __future__ import annotations

import re
from enum import StrEnum


class Role(StrEnum):
    """What a column gives to an example. Columns of one role are joined in their order."""

    PROMPT = "prompt"
    COMPLETION = "completion"
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    MESSAGES = "messages"
    KEEP = "keep"
    """Copied beside `messages`: tools, functions, parallel_tool_calls."""
    IMAGES = "images"
    """Addresses of the images that `<image>` stands for in the text."""
    INSTANCES = "instances"
    """Self-Instruct's list of one input with its output."""
    PREFERRED = "preferred"
    REJECTED = "rejected"
    DESIRABLE = "desirable"
    """True or false: whether the answer is wanted (KTO)."""
    REFERENCE = "reference"
    """What an answer is judged by in reinforcement; copied unchanged."""
    THREAD = "thread"
    """Names the conversation that a line belongs to."""
    ORDER = "order"
    """The place of a line in its conversation."""
    SPEAKER = "speaker"
    """Who says a line."""
    LINE = "line"
    """What is said in a line of a conversation."""
    IGNORE = "ignore"


NAMES = {
    Role.MESSAGES: "messages conversations conversation history dialog dialogue 对话 消息 对话历史 历史",
    Role.KEEP: "tools functions parallel_tool_calls",
    Role.SYSTEM: "system system_prompt 系统 系统提示 系统提示词",
    Role.USER: "user human 用户",
    Role.ASSISTANT: "assistant bot gpt 助手 机器人",
    Role.PREFERRED: "chosen preferred preferred_output preferred_completion chosen_response response_chosen "
    "偏好回答 优选回答",
    Role.REJECTED: "rejected non_preferred non_preferred_output non_preferred_completion rejected_response "
    "rejected_messages response_rejected 非偏好回答 拒绝回答",
    Role.INSTANCES: "instances",
    Role.DESIRABLE: "kto_tag",
    Role.IMAGES: "images",
    Role.COMPLETION: "completion completions output outputs answer answers response responses reply target "
    "回答 答案 回复 输出 补全 应答 答复 结果",
    Role.PROMPT: "prompt prompts question questions instruction instructions input inputs query context "
    "问题 提问 指令 输入 提示 提示词 上下文 询问",
    Role.IGNORE: "id ids index idx uuid guid 序号 编号 标识 date time timestamp created_at updated_at url link source "
    "weight score split videos audios 日期 时间 链接 来源",
}
KEPT = frozenset(NAMES[Role.KEEP].split())
"""Columns that OpenAI's chat format has beside `messages`."""
BY_NAME = {name: role for role, names in NAMES.items() for name in names.split()}
LABELS = {"label", "labels", "category", "class", "intent", "sentiment", "标签", "类别", "分类", "意图", "情感"}
VERDICTS = {"label", "labels", "desirable"}
"""Names that stand for a verdict when the column holds nothing but true and false."""
LINES = {
    Role.THREAD: "thread thread_id conversation conversation_id conv_id dialog dialog_id dialogue dialogue_id "
    "session session_id chat chat_id ticket ticket_id "
    "会话 会话id 会话编号 对话 对话id 对话编号 工单 工单号",
    Role.ORDER: "turn turn_id turn_index turn_no seq sequence order step position message_index message_no line_no "
    "round timestamp time sent_at created_at 轮次 序号 顺序 时间 发送时间",
    Role.SPEAKER: "speaker role from sender author 角色 说话人 发言人 发送者 发送人",
}
"""Names in a table that holds one line of a conversation in each row."""
THREADS, ORDERS, SPEAKERS = (frozenset(names.split()) for names in LINES.values())
IDENTIFIES = re.compile(r"(^|_)(id|ids|uuid|guid|no|code|key|hash|phone|tel|email)$|(编号|号码|代码|邮箱|电话|手机号)$")
INSIDE = [
    (Role.COMPLETION, re.compile(r"(^|_)(completion|output|answer|response|reply)s?(_|$)|回答|答案|回复|答复|应答")),
    (Role.PROMPT, re.compile(r"(^|_)(prompt|question|instruction|input|query)s?(_|$)|问题|提问|指令|询问")),
]
"""Words that make a guess when they are only a part of the name."""


def plain(column: str) -> str:
    """Return a column's name as the lists here write it: lower case, words joined by one `_`."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column.strip())
    return re.sub(r"[\s\-_.:：/]+", "_", parted).strip("_").lower()


def part_says(name: str) -> Role | None:
    """Return the role that a part of a plain name speaks for."""
    return next((role for role, pattern in INSIDE if pattern.search(name)), None)

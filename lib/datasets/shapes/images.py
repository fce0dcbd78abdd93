"""`<image>` in a text and a list of images beside it -> content parts in OpenAI's shape.

A text without any mark gets its images before the first message of the user, as ms-swift reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.datasets.shapes.conversations import Message
from lib.datasets.shapes.skips import Skip, skip

MARK = "<image>"
SCHEMES = ("http://", "https://", "data:image/")


def with_images(messages: list[Message], images: Sequence[Any]) -> list[Message] | Skip:
    """Return the messages with the images in their places, or why they can't be put there."""
    if not images:
        return messages
    addresses = [address_of(image) for image in images]
    for image, address in zip(images, addresses, strict=True):
        if not address.startswith(SCHEMES):
            return skip("missing_image", image=(address or str(type(image).__name__))[:100])
    marks = sum(str(message.get("content")).count(MARK) for message in messages)
    if marks not in (0, len(images)):
        return skip("unmatched_images", marks=marks, images=len(images))
    left = [{"type": "image_url", "image_url": {"url": address}} for address in addresses]
    shown: list[Message] = []
    for message in messages:
        content = message.get("content")
        if not isinstance(content, str) or (MARK not in content and (marks or message.get("role") != "user")):
            shown.append(message)
            continue
        count = content.count(MARK) if marks else len(left)
        here, left = left[:count], left[count:]
        shown.append(message if not here else {**message, "content": parts_of(content, here)})
    return skip("unmatched_images", marks=marks, images=len(images)) if left else shown


def parts_of(text: str, images: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the text cut at its marks with an image in each place; without marks, the images and then the text."""
    if MARK not in text:
        return [*images, {"type": "text", "text": text}]
    parts: list[dict[str, Any]] = []
    for at, piece in enumerate(text.split(MARK)):
        parts += [images[at - 1]] if at else []
        parts += [{"type": "text", "text": piece}] if piece.strip() else []
    return parts


def address_of(image: Any) -> str:
    """Return where an image is: the text itself, or the `url` or `path` of an object."""
    if isinstance(image, dict):
        image = image.get("url") or image.get("path") or image.get("image") or ""
    return image if isinstance(image, str) else ""

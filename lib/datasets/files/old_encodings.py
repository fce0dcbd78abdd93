"""Which of the encodings before Unicode a text was written in: the one in which it is made of common characters.

Each of the double-byte encodings puts its common characters in a part of its own, so text in another one decodes to
rare ones. Western text has single letters with marks among plain ones. The ranges are those of the standards' first
levels: GB 2312 (3,755 characters), Big5 (5,401) and JIS X 0208 (2,965), with punctuation and kana.
"""

from __future__ import annotations

import re

RUN = re.compile(rb"[\x80-\xff]+")
WESTERN = re.compile(
    rb"(?<![\x80-\xff])(?:(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z])|[\xc0-\xff](?=[ ,.;:!?'\"])"
    rb"|[\x80\x85\x91-\x97\xa0-\xbf])(?![\x80-\xff])|(?<=[A-Za-z])[\xc0-\xff]{2}(?=[A-Za-z ])"
)
COMMON = {
    "gb18030": re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]"),
    "big5": re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]"),
    "cp932": re.compile(rb"\x81[\x40-\xfc]|\x82[\x4f-\xf1]|\x83[\x40-\xd6]|[\x88-\x97][\x40-\xfc]"),
}
HALF_WIDTH = re.compile(rb"[\xa1-\xdf]")
CLOSE = 0.8
"""An encoding that scores this share of the best one might be meant as well."""


def rank(data: bytes, fitting: list[str]) -> list[str]:
    """Return the encodings that a text is likely to be in, the likeliest first; of equals the first one given."""
    scores = {codec: score(data, codec) for codec in fitting}
    best = max(scores.values(), default=0.0)
    likely = [codec for codec in fitting if scores[codec] >= max(CLOSE * best, 0.1)]
    return sorted(likely, key=lambda codec: -scores[codec])


def score(data: bytes, codec: str) -> float:
    """Return the share of characters outside ASCII that are common in an encoding, from 0 to 1."""
    if codec == "cp1252":
        runs = RUN.findall(data)
        return len(WESTERN.findall(data)) / len(runs) if runs else 0.0
    foreign = [character.encode(codec) for character in data.decode(codec, "ignore") if character > "\x7f"]
    common = sum(bool(COMMON[codec].fullmatch(character)) for character in foreign)
    half = sum(bool(HALF_WIDTH.fullmatch(character)) for character in foreign) if codec == "cp932" and common else 0
    return (common + half / 4) / len(foreign) if foreign else 0.0

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.datasets.rules.private_patterns import PLACEHOLDERS, places, redact

KINDS = frozenset(PLACEHOLDERS)

PRIVATE = [
    ("mail me at a.b+c@qq.com!", "mail", "a.b+c@qq.com"),
    ("邮箱test@163.com。", "mail", "test@163.com"),
    ("https://u:hunter2x@db.corp.cn/x", "password", "hunter2x"),
    ("postgresql://app:s3cr3t!@10.0.0.1:5432/app", "password", "s3cr3t!"),
    ("电话13912345670，", "phone", "13912345670"),
    ("打 138-1234-5670 找我", "phone", "138-1234-5670"),
    ("+86 139 1234 5670", "phone", "+86 139 1234 5670"),
    ("总机（010）88889999", "phone", "（010）88889999"),
    ("call 0571-88889999", "phone", "0571-88889999"),
    ("+1 (415) 555-2671", "phone", "+1 (415) 555-2671"),
    ("call 415-555-2671.", "phone", "415-555-2671"),
    ("+33 6 12 34 56 78", "phone", "+33 6 12 34 56 78"),
    ("+4915112345678", "phone", "+4915112345678"),
    ("身份证11010519491231002X", "identity", "11010519491231002X"),
    ("SSN 123-45-6789", "identity", "123-45-6789"),
    ("card 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
    ("3782-822463-10005", "card", "3782-822463-10005"),
    ("银行卡6222021234567890128", "card", "6222021234567890128"),
    ("key=sk-proj-abcDEF1234567890abcdef1234", "key", "sk-proj-abcDEF1234567890abcdef1234"),
    ("sk-0123456789abcdef0123456789abcdef", "key", "sk-0123456789abcdef0123456789abcdef"),
    ("AKIAIOSFODNN7EXAMPLE", "key", "AKIAIOSFODNN7EXAMPLE"),
    ("ghp_" + "a1B2" * 9, "key", "ghp_" + "a1B2" * 9),
    ("AIza" + "Sy9" * 11 + "ab", "key", "AIza" + "Sy9" * 11 + "ab"),
    ("LTAI5tAbCdEfGhIjKlMnOpQr", "key", "LTAI5tAbCdEfGhIjKlMnOpQr"),
    ("AKID" + "a1B2" * 8, "key", "AKID" + "a1B2" * 8),
    ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123456_-x", "key", None),
    (f"-----BEGIN RSA PRIVATE KEY-----\n{'A' * 80}\n-----END RSA PRIVATE KEY-----", "key", None),
]
INNOCENT = [
    "1700000000000",
    "2023-01-15 10:30:00.123456",
    "20231120153045123",
    "订单号：13912345670",
    "Order no. 13912345670",
    "x = 123456789 + 987654321",
    "pi is 3.14159265358979323846",
    "13812345678.5",
    "12345678901234567890",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "550e8400-e29b-41d4-a716-446655440000",
    "ISBN 978-3-16-148410-0",
    "4111111111111112",
    "110105194912310021",
    "192.168.100.200",
    "1.2.3.4.5.6.7.8.9.10",
    "logo@2x.png",
    "git@github.com:owner/name.git",
    "https://github.com/@someone/x",
    "https://user:${PASSWORD}@host.com",
    "lodash@4.17.21",
    "sk-learn-is-a-great-library-for-people",
    "@app.route('/')",
    "1-800-555-1234",
    "-----BEGIN PUBLIC KEY-----",
]


@pytest.mark.parametrize(("text", "kind", "found"), PRIVATE)
def test_what_is_private_is_found_and_taken_out(text: str, kind: str, found: str | None) -> None:
    (place,) = places(text, KINDS)
    assert place.kind == kind
    assert found is None or text[place.begin : place.end] == found
    clean = redact(text, kind, PLACEHOLDERS[kind])
    assert PLACEHOLDERS[kind] in clean
    assert redact(clean, kind, PLACEHOLDERS[kind]) == clean
    assert not places(clean, KINDS)


@pytest.mark.parametrize("text", INNOCENT)
def test_other_numbers_and_signs_are_left_alone(text: str) -> None:
    assert places(text, KINDS) == []


def test_a_text_keeps_all_else() -> None:
    text = "Write to a@b.cn or c@d.cn,\nthen call 13912345670."
    assert redact(text, "mail", "[EMAIL]") == "Write to [EMAIL] or [EMAIL],\nthen call 13912345670."


parts = st.sampled_from([text for text, _, _ in PRIVATE] + [*INNOCENT, " ", "-", "@", ":", "//", "1", "中"])


@given(st.lists(parts, max_size=6).map("".join), st.sampled_from(sorted(KINDS)))
def test_redacting_twice_is_redacting_once(text: str, kind: str) -> None:
    once = redact(text, kind, PLACEHOLDERS[kind])
    assert redact(once, kind, PLACEHOLDERS[kind]) == once

"""What keys, mail addresses, phone, card and identity numbers look like, and which of them are none.

Every pattern asks for more than digits in a row: a check digit, a known beginning, or the way such numbers are set, so
that timestamps, order numbers, sums and hashes stay what they are. Each names its source. What is made for manuals
(example.com, 4111 1111 1111 1111, 555-0123) counts too: it costs nothing to replace, and nobody has to wonder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

KEY, PASSWORD, MAIL, PHONE, IDENTITY, CARD = "key", "password", "mail", "phone", "identity", "card"
PLACEHOLDERS = {
    KEY: "[KEY]",
    PASSWORD: "[PASSWORD]",
    MAIL: "[EMAIL]",
    PHONE: "[PHONE]",
    IDENTITY: "[ID]",
    CARD: "[CARD]",
}


@dataclass(frozen=True)
class Place:
    """Where in a text something private stands, and of what kind it is."""

    kind: str
    begin: int
    end: int


KEYS = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:
      sk-(?:proj-|svcacct-|admin-|ant-(?:api\d\d-)?|or-v1-)?[A-Za-z0-9_-]{20,200}  # OpenAI and those that copy it
    | (?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}                      # AWS, by gitleaks
    | gh[pousr]_[A-Za-z0-9]{36,255} | github_pat_[A-Za-z0-9_]{82}   # docs.github.com: "GitHub's token formats"
    | glpat-[A-Za-z0-9_-]{20,60}                               # GitLab
    | AIza[A-Za-z0-9_-]{35}                                    # Google, by gitleaks
    | xox[abprs]-[A-Za-z0-9-]{16,100}                          # Slack
    | [sr]k_live_[A-Za-z0-9]{16,100}                           # Stripe
    | hf_[A-Za-z0-9]{34}                                       # Hugging Face
    | LTAI[A-Za-z0-9]{16,20}                                   # Alibaba Cloud: "AccessKey ID"
    | AKID[A-Za-z0-9]{32}                                      # Tencent Cloud: SecretId
    | eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}  # JSON Web Token, RFC 7519
    )(?![A-Za-z0-9_-])
    | -----BEGIN\ (?:[A-Z0-9]+\ ){0,3}PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]{64,}?   # RFC 7468
      (?:-----END\ (?:[A-Z0-9]+\ ){0,3}PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    """,
    re.VERBOSE,
)

HINTS = (
    *("sk-", "AKIA", "ASIA", "ABIA", "ACCA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "AIza"),
    *("xox", "k_live_", "hf_", "LTAI", "AKID", "eyJ", "-----BEGIN "),
)
"""One of these stands in every key: quicker to look for than the pattern."""

MAILS = re.compile(
    r"""(?<![A-Za-z0-9._%+/-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@
        (?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}(?P<top>[A-Za-z]{2,24})
        (?![A-Za-z0-9@-]|\.[A-Za-z0-9])""",
    re.VERBOSE,
)
PASSWORDS = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/?#@\"'<>]{0,100}:(?P<secret>[^\s:/?#@\"'<>]{3,200})@[A-Za-z0-9\[]"
)
"""RFC 3986, 3.2.1: `scheme://user:password@host`."""

NUMBERS = re.compile(
    r"""(?<![0-9A-Za-z_.@#$€£¥%])(?<![0-9A-Za-z]-)(?:
      (?P<resident>[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx])  # GB 11643-1999
    | (?P<security>(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4})           # ssa.gov: "SSN randomization"
    | (?P<card>\d{4}([ -])\d{4}\4\d{4}\4\d{4}(?:\4\d{3})?|3[47]\d\d([ -])\d{6}\5\d{5}|\d{15,16}|\d{19})  # ISO/IEC 7812
    | (?P<mobile>(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:\d{8}|([ -])\d{4}\7\d{4}))  # numbering plan of MIIT, 2017
    | (?P<landline>(?:\+86[ -]?|\(|（)?0(?:10|2\d|[3-9]\d\d)(?:\)|）|-|\)[ ]|[ ])[2-8]\d{6,7}(?!-?\d{2}))
    | (?P<international>\+[1-9]\d{0,2}(?:[ .-]?\(\d{1,4}\))?(?:[ .-]?\d{1,4}){2,5}|\+[1-9]\d{8,14})  # ITU-T E.164
    | (?P<american>(?:1[ .-])?(?:\([2-9]\d\d\)[ ]?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4})  # nanpa.com
    )(?![0-9A-Za-z_@%]|[.,-]\d)""",
    re.VERBOSE,
)
NINE_DIGITS = re.compile(r"\d(?:[ ()（）.-]{0,2}\d){8}")
"""What every number here has at least."""
CODE_BEFORE = re.compile(
    r"(?:order|invoice|tracking|serial|ticket|batch|isbn|sku|订单号?|单号|运单|快递|流水号?|编号|序列号|批号)[\s:：#号no.是为-]*$",
    re.IGNORECASE,
)
"""What such a number is said to be, in front of it, when it is no private one."""

PASSES = 10
"""An end to it, should somebody choose a placeholder that looks private itself."""

NO_DOMAINS = frozenset(["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "py", "json", "html"])
STAND_INS = re.compile(r"(?:pass(?:word)?|passwd|secret|pwd|\*+|x+|\.+|密码)|[\[{<$%].*", re.IGNORECASE)
PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
"""GB/T 2260, first two digits."""
ISSUERS = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14}(?:\d{3})?"
)
"""ISO/IEC 7812 numbers of Visa, Mastercard, American Express, Discover, JCB and UnionPay."""


def places(text: str, kinds: frozenset[str]) -> list[Place]:
    """Return what of these kinds stands in a text, from left to right, none overlapping another."""
    found: list[Place] = []
    for place in sorted(_all(text, kinds), key=lambda place: (place.begin, -place.end)):
        if not found or place.begin >= found[-1].end:
            found.append(place)
    return [place for place in found if place.kind in kinds]


def redact(text: str, kind: str, placeholder: str) -> str:
    """Return a text with everything of a kind replaced; what only shows once its neighbour is gone, too."""
    for _pass in range(PASSES):
        parts, end = [], 0
        for place in places(text, frozenset([kind])):
            parts += [text[end : place.begin], placeholder]
            end = place.end
        if not parts:
            break
        text = "".join([*parts, text[end:]])
    return text


def _all(text: str, kinds: frozenset[str]) -> Iterator[Place]:
    if KEY in kinds and any(hint in text for hint in HINTS):
        yield from _keys(text)
    if kinds & {MAIL, PASSWORD} and "@" in text:
        yield from _passwords(text)
        yield from _mails(text)
    if kinds & {PHONE, IDENTITY, CARD} and NINE_DIGITS.search(text):
        yield from _numbers(text)


def _keys(text: str) -> Iterator[Place]:
    for match in KEYS.finditer(text):
        if is_key(match[0]):
            yield Place(KEY, match.start(), match.end())


def _passwords(text: str) -> Iterator[Place]:
    for match in PASSWORDS.finditer(text):
        if not STAND_INS.fullmatch(match["secret"]):
            yield Place(PASSWORD, match.start("secret"), match.end("secret"))


def _mails(text: str) -> Iterator[Place]:
    for match in MAILS.finditer(text):
        if is_mail(text, match):
            yield Place(MAIL, match.start(), match.end())


def _numbers(text: str) -> Iterator[Place]:
    for match in NUMBERS.finditer(text):
        kind, is_one = CHECKS[str(match.lastgroup)]
        if is_one(match[0]) and not CODE_BEFORE.search(text, max(0, match.start() - 24), match.start()):
            yield Place(kind, match.start(), match.end())


def is_key(found: str) -> bool:
    """Say whether a match is a key: random letters and digits, not words with hyphens between them."""
    if not found.startswith(("sk-", "xox")):
        return True
    longest = max(map(len, re.split("[-_]", found)))
    digits, letters = sum(map(str.isdigit, found)), sum(map(str.isalpha, found))
    return longest >= 20 or (digits >= 2 and letters >= 2 and (longest >= 12 or found.lower() != found))


def is_mail(text: str, match: re.Match[str]) -> bool:
    """Say whether a match is somebody's address: no file name, no `git@host:path`, no part of a URL."""
    if match["top"].lower() in NO_DOMAINS:
        return False
    before = text[max(0, match.start() - 100) : match.start()]
    in_address = "://" in before and not re.search(r"[\s<>\"']", before[before.rfind("://") :])
    return not in_address and not (match[0].startswith("git@") and text[match.end() : match.end() + 1] == ":")


def is_resident(found: str) -> bool:
    """Check the last character: ISO 7064 MOD 11-2, weights 2^(17-i) mod 11."""
    total = sum(int(digit) * pow(2, 17 - index, 11) for index, digit in enumerate(found[:17]))
    return bool(PROVINCES.match(found)) and "10X98765432"[total % 11] == found[17].upper()


def is_card(found: str) -> bool:
    """Check the issuer and the last digit (Luhn, ISO/IEC 7812-1 annex B)."""
    digits = re.sub(r"\D", "", found)
    if not ISSUERS.fullmatch(digits):
        return False
    return sum(sum(divmod(int(d) * (1 + index % 2), 10)) for index, d in enumerate(reversed(digits))) % 10 == 0


def is_international(found: str) -> bool:
    """E.164: at most 15 digits; shorter than 9 it may be a sum."""
    return 9 <= sum(map(str.isdigit, found)) <= 15


def is_american(found: str) -> bool:
    """Leave out numbers that cost the caller nothing: they are those of firms."""
    digits = re.sub(r"\D", "", found)[-10:]
    return digits[:3] not in ("800", "833", "844", "855", "866", "877", "888")


def always(_found: str) -> bool:
    """The pattern says enough."""
    return True


CHECKS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "resident": (IDENTITY, is_resident),
    "security": (IDENTITY, always),
    "card": (CARD, is_card),
    "mobile": (PHONE, always),
    "landline": (PHONE, always),
    "international": (PHONE, is_international),
    "american": (PHONE, is_american),
}

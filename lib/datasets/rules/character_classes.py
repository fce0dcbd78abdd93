"""What each of Unicode's characters is, as far as the rules ask: one byte for each, in one table.

The low bits are the script, the high bits are marks. Scripts are told by block (Unicode 15, `Blocks.txt`), which is
close enough to say in which language a text is written, and a hundred times faster than looking each name up.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SCRIPT = 0x0F
SUSPICIOUS = 0x10
"""May be invisible, misleading or broken: worth a closer look."""
DIGIT = 0x20
TOKEN = 0x40
"""What keys and passwords are made of: ASCII letters, digits, `_` and `-`."""
AT = 0x80

LATIN, HAN, KANA, HANGUL, CYRILLIC, GREEK, HEBREW, ARABIC, INDIC, THAI = range(1, 11)
BLOCKS = [
    (LATIN, ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F), (0x1E00, 0x1EFF))),
    (HAN, ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))),
    (KANA, ((0x3041, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9D))),
    (HANGUL, ((0x1100, 0x11FF), (0x3131, 0x318E), (0xAC00, 0xD7A3))),
    (CYRILLIC, ((0x400, 0x52F),)),
    (GREEK, ((0x370, 0x3FF), (0x1F00, 0x1FFF))),
    (HEBREW, ((0x5D0, 0x5EA),)),
    (ARABIC, ((0x620, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDCF), (0xFE70, 0xFEFC))),
    (INDIC, ((0x900, 0xDFF),)),
    (THAI, ((0xE00, 0xE7F),)),
]
SUSPECTS = (
    *((0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F)),  # control characters
    *((0xAD, 0xAD), (0x180E, 0x180E), (0x200B, 0x200D), (0x2060, 0x2064), (0xFEFF, 0xFEFF)),  # of no width
    *((0x202A, 0x202E), (0x2066, 0x2069)),  # that turn the direction round
    *((0x2028, 0x2029), (0xFFF9, 0xFFFD), (0xD800, 0xDFFF)),  # line ends, marks of loss, halves of characters
    *((0xE000, 0xF8FF), (0xFDD0, 0xFDEF), (0xFFFE, 0xFFFF), (0xE0000, 0xE007F), (0xF0000, 0x10FFFF)),
)


@lru_cache(maxsize=1)
def class_table() -> NDArray[np.uint8]:
    """Return (1,114,112) the class of every code point."""
    table = np.zeros(0x110000, np.uint8)
    for script, blocks in BLOCKS:
        for first, last in blocks:
            table[first : last + 1] = script
    for first, last in SUSPECTS:
        table[first : last + 1] |= SUSPICIOUS
    table[ord("0") : ord("9") + 1] |= DIGIT
    for low, high in ("09", "AZ", "az", "__", "--"):
        table[ord(low) : ord(high) + 1] |= TOKEN
    table[ord("@")] |= AT
    return table

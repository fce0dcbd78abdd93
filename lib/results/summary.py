"""What the curves say, in plain sentences. (interfaces)"""

from __future__ import annotations

import pandas as pd


def summarise(frame: pd.DataFrame) -> list[str]:
    """Return sentences in the reader's language, the most important first; never empty."""
    raise NotImplementedError

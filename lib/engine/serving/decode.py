"""One answer: the tokens it takes, the text they make, and when it ends.

Knows tokens and text. What writes the tokens is `batching`, how one is chosen `sampling`.
"""

from __future__ import annotations

from lib.engine.serving.models import Loaded
from lib.engine.serving.protocol import Request
from lib.engine.serving.sampling import Choice, Sampler
from lib.engine.serving.script import Piece, Script


class Answer:
    """One answer under way."""

    def __init__(self, loaded: Loaded, ids: list[int], request: Request, index: int) -> None:
        self.request, self.index, self.tokens = request, index, 0
        self.sampler = Sampler(request, loaded, ids, index)
        room = loaded.context - len(ids)
        self.limit = room if request.max_tokens is None else min(room, request.max_tokens)
        self._script = Script(request, loaded)

    def take(self, choice: Choice) -> Piece:
        """Add a token; return what can be shown."""
        self.tokens += 1
        return self._script.feed(choice, last=self.tokens >= self.limit)

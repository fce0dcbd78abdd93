"""What a model remembers of several texts at once: rows that join and leave while the others are written on.

The keys and values of all rows end at the same column; a shorter text begins further right, and a mask hides what lies
left of it. So one token more is one column more, for every row alike, a row that joins is copied to its place, and one
that leaves is overwritten by the last: nothing else moves. Room is made in steps, as `transformers`' own cache, which
copies everything for each token, would cost more than the forward pass. Convolution and recurrent states have no
columns: theirs are joined and picked.

Knows the shapes of `transformers`' caches; nothing about requests.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer, LinearAttentionLayer

COLUMNS = 256
"""Columns added when room runs out, at least."""

KNOWN = (DynamicLayer, LinearAttentionLayer)
"""Layers that can be joined. Those with a sliding window, for one, drop columns by a rule of their own."""

SLACK = {True: 1e-3, False: 5e-2}
"""By how much of the largest score a shared pass may differ, in 32 bits and in fewer: rounding, where a wrong mask or
position changes scores by their own size."""


class Table:
    """The columns that all attention layers share, and who sits in which row.

    `end` is the column behind the last; `lengths[i]` columns before it belong to row i.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.lengths: list[int] = []
        self.end = 0
        self.rows, self.columns = 0, 0
        self._like: dict[str, Any] = {"dtype": dtype, "device": device}
        self._mask = torch.empty(0, 0, **self._like)

    @property
    def start(self) -> int:
        """Return the first column that any row uses."""
        return self.end - max(self.lengths, default=0)

    def mask(self) -> torch.Tensor | None:
        """Return what to add to the scores of the coming token, (rows, 1, 1, columns); None where nothing is hidden."""
        if len(set(self.lengths)) <= 1:
            return None
        return self._mask[: len(self.lengths), None, None, self.start : self.end + 1]

    def positions(self) -> torch.Tensor:
        """Return each row's coming position, (rows, 1)."""
        return torch.tensor(self.lengths, device=self._like["device"])[:, None]

    def resize(self, rows: int, columns: int, end: int) -> None:
        """Take over what is there into a larger mask, whose used columns end at `end`."""
        kept = self._mask[: len(self.lengths), self.start : self.end]
        self._mask = torch.zeros(rows, columns, **self._like)
        self._mask[:, :end] = -torch.inf
        self._mask[: kept.shape[0], end - kept.shape[1] : end] = kept
        self.rows, self.columns, self.end = rows, columns, end

    def join(self, length: int) -> None:
        """Add a row behind the others."""
        row = self._mask[len(self.lengths)]
        row[: self.end - length] = -torch.inf
        row[self.end - length :] = 0
        self.lengths.append(length)

    def leave(self, row: int) -> None:
        """Drop a row; the last takes its place."""
        self._mask[row] = self._mask[len(self.lengths) - 1]
        self.lengths[row] = self.lengths[-1]
        self.lengths.pop()


class Attention(CacheLayerMixin):
    """Keys and values of one layer, (rows, heads, columns, width)."""

    is_sliding = False
    is_croppable = False

    def __init__(self, table: Table, like: DynamicLayer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._table = table
        assert like.keys is not None  # noqa: S101 - a text was read into it
        assert like.values is not None  # noqa: S101
        self.dtype, self.device = like.keys.dtype, like.keys.device
        self.keys: torch.Tensor = self._room(like.keys, 0, 0)
        self.values: torch.Tensor = self._room(like.values, 0, 0)
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Do nothing: rows bring their shapes."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one column; return all."""
        table = self._table
        rows, end = len(table.lengths), table.end
        self.keys[:rows, :, end] = key_states[:, :, 0]
        self.values[:rows, :, end] = value_states[:, :, 0]
        return self.keys[:rows, :, table.start : end + 1], self.values[:rows, :, table.start : end + 1]

    def resize(self, rows: int, columns: int, end: int) -> None:
        """Take over what is there into more room, before the table does."""
        table = self._table
        for name in ("keys", "values"):
            old = getattr(self, name)
            kept = old[: len(table.lengths), :, table.start : table.end]
            new = self._room(old, rows, columns)
            new[: kept.shape[0], :, end - kept.shape[2] : end] = kept
            setattr(self, name, new)

    def join(self, other: Any) -> None:
        """Copy a text's keys and values into the row behind the others, before the table counts it."""
        row, end = len(self._table.lengths), self._table.end
        self.keys[row, :, end - other.keys.shape[2] : end] = other.keys[0]
        self.values[row, :, end - other.values.shape[2] : end] = other.values[0]

    def leave(self, row: int) -> None:
        """Move the last row into the place of one that leaves."""
        last = len(self._table.lengths) - 1
        used = slice(self._table.start, self._table.end)
        self.keys[row, :, used] = self.keys[last, :, used]
        self.values[row, :, used] = self.values[last, :, used]

    def get_seq_length(self) -> int:
        """Return the columns in use."""
        return self._table.end - self._table.start

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return the columns there will be, and where they begin."""
        return self.get_seq_length() + query_length, 0

    def get_max_length(self) -> int:
        """Return the library's word for no limit."""
        return -1

    @staticmethod
    def _room(like: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        # Zeros: what is hidden is multiplied by 0, and 0 times a chance NaN would still be NaN.
        return torch.zeros(rows, like.shape[1], columns, like.shape[3], dtype=like.dtype, device=like.device)


class States(LinearAttentionLayer):
    """Convolution and recurrent states of one layer, rows first."""

    def __init__(self, like: LinearAttentionLayer) -> None:
        super().__init__(number_of_states=like.number_of_states)
        vars(self).update({name: dict(v) if isinstance(v, dict) else v for name, v in vars(like).items()})
        self._pick(slice(0, 0))

    def join(self, other: Any) -> None:
        """Put a text's states behind the others."""
        for own, new in ((self.conv_states, other.conv_states), (self.recurrent_states, other.recurrent_states)):
            for i, state in new.items():
                if state is not None:
                    own[i] = torch.cat([own[i], state])  # type: ignore[list-item] # both have it, or neither

    def leave(self, row: int) -> None:
        """Move the last row into the place of one that leaves."""
        for states in (self.conv_states, self.recurrent_states):
            for state in states.values():
                if state is not None:
                    state[row] = state[-1]
        self._pick(slice(0, -1))

    def _pick(self, rows: slice) -> None:
        for states in (self.conv_states, self.recurrent_states):
            for i, state in states.items():
                states[i] = None if state is None else state[rows].clone()


class BatchCache(Cache):
    """What a model remembers of all rows; made after the first text to join, which shows the layers."""

    def __init__(self, like: Cache, dtype: torch.dtype, device: torch.device) -> None:
        self.table = Table(dtype, device)
        self._layers: list[Attention | States] = [self._make(layer) for layer in like.layers]
        super().__init__(layers=list(self._layers))

    def _make(self, like: Any) -> Attention | States:
        return Attention(self.table, like) if type(like) is DynamicLayer else States(like)

    def join(self, text: Cache, length: int) -> None:
        """Take in a text of `length` tokens; its row is the last."""
        table = self.table
        if len(table.lengths) == table.rows or length > table.end or table.end >= table.columns:
            self._resize(rows=max(table.rows, 2 * (len(table.lengths) + 1)), length=length)
        for own, new in zip(self._layers, text.layers, strict=True):
            own.join(new)
        table.join(length)

    def leave(self, row: int) -> None:
        """Drop a row; the last takes its number."""
        for layer in self._layers:
            layer.leave(row)
        self.table.leave(row)

    def advance(self) -> None:
        """Count the column that every layer has just written, and see that there is room for the next."""
        table = self.table
        table.end += 1
        table.lengths = [length + 1 for length in table.lengths]
        if table.end >= table.columns:
            self._resize(rows=table.rows, length=0)

    def _resize(self, rows: int, length: int) -> None:
        """Move what is used to the left end of new room, with space for a text of `length` tokens."""
        end = max(self.table.end - self.table.start, length)
        columns = end + max(COLUMNS, end // 4)
        for layer in self._layers:
            if isinstance(layer, Attention):
                layer.resize(rows, columns, end)
        self.table.resize(rows, columns, end)


@torch.inference_mode()
def can_share(model: Any) -> bool:
    """Try on two short texts whether a pass for both gives what a pass for each does."""
    alone: list[torch.Tensor] = []
    shared: BatchCache | None = None
    for text in ([[1, 2, 3, 4]], [[3, 2]]):
        cache = model(input_ids=_tensor(text, model), past_key_values=_new(model), use_cache=True).past_key_values
        if not isinstance(cache, Cache) or any(type(layer) not in KNOWN for layer in cache.layers):
            return False
        shared = shared or BatchCache(cache, model.dtype, model.device)
        shared.join(cache, len(text[0]))
        alone.append(model(input_ids=_tensor([[5]], model), past_key_values=cache, use_cache=True).logits[0, -1])
    assert shared is not None  # noqa: S101 - there are two texts
    together = model(
        input_ids=_tensor([[5], [5]], model),
        attention_mask=shared.table.mask(),
        position_ids=shared.table.positions(),
        past_key_values=shared,
        use_cache=True,
    ).logits[:, -1]
    expected = torch.stack(alone)
    return bool((together - expected).abs().max() <= SLACK[model.dtype == torch.float32] * expected.abs().max())


def _tensor(ids: list[list[int]], model: Any) -> torch.Tensor:
    return torch.tensor(ids, device=model.device)


def _new(model: Any) -> Any:
    return DynamicCache(config=model.config)

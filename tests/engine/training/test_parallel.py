"""Training in several processes: the same step as one process takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing, nn
from torch.nn import functional

from lib.engine.training import parallel

EXAMPLES = torch.arange(15, dtype=torch.float32).reshape(5, 3) / 10


def small_model() -> nn.Module:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    model.register_parameter("unused", nn.Parameter(torch.ones(2)))
    return model


def learn(model: nn.Module, batch: list[torch.Tensor]) -> None:
    share = parallel.share(batch)
    if share:
        loss = functional.mse_loss(model(torch.stack(list(share))), torch.ones(len(share), 1), reduction="sum")
        (loss / len(batch)).backward()
    parallel.average(model)


def work(rank: int, world: int, examples: int, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world)
    model = small_model()
    learn(model, list(EXAMPLES[:examples]))
    state = {
        "gradients": [weight.grad for weight in model.parameters()],
        "total": parallel.total([rank + 1.0, 10.0]),
        "agreed": [parallel.agreed(rank == 1), parallel.agreed(False)],
        "share": list(parallel.share(range(examples))),
    }
    torch.save(state, Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()


def together(world: int, examples: int, folder: Path) -> list[dict[str, list[object]]]:
    multiprocessing.spawn(work, (world, examples, str(folder)), nprocs=world)
    return [torch.load(folder / f"{rank}.pt") for rank in range(world)]


def test_alone_nothing_is_shared_or_changed() -> None:
    assert (parallel.rank(), parallel.world()) == (0, 1)
    assert parallel.share([1, 2, 3]) == [1, 2, 3]
    assert parallel.total([1.5, 2]) == [1.5, 2]
    assert parallel.agreed(True)
    assert not parallel.agreed(False)


@pytest.mark.slow
def test_two_processes_take_the_step_of_one(tmp_path: Path) -> None:
    alone = small_model()
    learn(alone, list(EXAMPLES))
    first, second = together(2, 5, tmp_path)
    assert sorted([*first["share"], *second["share"]]) == list(range(5))
    assert first["total"] == second["total"] == [3.0, 20.0]
    assert first["agreed"] == second["agreed"] == [True, False]
    for weight, one, two in zip(alone.parameters(), first["gradients"], second["gradients"], strict=True):
        if weight.grad is None:
            assert one is two is None
        else:
            assert torch.equal(one, two)
            torch.testing.assert_close(one, weight.grad)


@pytest.mark.slow
def test_a_process_without_an_example_still_takes_the_step(tmp_path: Path) -> None:
    alone = small_model()
    learn(alone, list(EXAMPLES[:1]))
    first, second = together(2, 1, tmp_path)
    assert second["share"] == []
    for weight, one, two in zip(alone.parameters(), first["gradients"], second["gradients"], strict=True):
        assert (weight.grad is None) == (one is None) == (two is None)
        if one is not None:
            assert torch.equal(one, two)
            torch.testing.assert_close(one, weight.grad)

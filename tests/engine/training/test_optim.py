from __future__ import annotations

import pytest
import torch

from lib.engine.training.optim import Rates, Schedule, optimizers, set_rate
from lib.engine.training.starter import make_model
from lib.engine.training.tokenizer import train_tokenizer


def test_the_rate_rises_then_falls_to_a_hundredth() -> None:
    chosen = optimizers(torch.nn.Linear(2, 2), Rates(adamw=1.0))
    rates = []
    for step in range(100):
        set_rate(chosen, step, 100)
        rates.append(chosen[0].param_groups[0]["lr"])
    assert rates[0] == pytest.approx(1 / 3)
    assert max(rates) == pytest.approx(1.0)
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, abs=0.001)


def test_a_rate_may_fall_in_a_line_or_stay_level_and_need_not_rise() -> None:
    line, level = Schedule("linear", 0.1), Schedule("constant", 0.0)
    assert [line.factor(step, 10) for step in (0, 1, 10)] == pytest.approx([1.0, 1.0, 0.01])
    assert line.factor(6, 11) == pytest.approx(0.505)
    assert {level.factor(step, 10) for step in range(10)} == {1.0}


def test_matrices_inside_layers_go_to_muon_and_every_weight_to_exactly_one() -> None:
    model = make_model(train_tokenizer(["abc"]), seed=1)
    adamw, muon = (
        {id(p) for group in optimizer.param_groups for p in group["params"]}
        for optimizer in optimizers(model, Rates(adamw=1e-3, muon=1e-2))
    )
    assert not adamw & muon
    assert adamw | muon == {id(p) for p in model.parameters()}
    assert id(model.get_input_embeddings().weight) in adamw
    assert id(model.model.layers[0].feed_forward.w1.weight) in muon


def test_frozen_weights_get_no_optimizer() -> None:
    layer = torch.nn.Linear(2, 2)
    layer.weight.requires_grad = False
    (optimizer,) = optimizers(layer, Rates(adamw=1.0))
    assert [p.shape for group in optimizer.param_groups for p in group["params"]] == [layer.bias.shape]

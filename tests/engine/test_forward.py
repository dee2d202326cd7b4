"""What a model's cache can do is measured."""

from __future__ import annotations

import logging

import pytest

from agentkit.engine.forward import Forward

from .conftest import KINDS, make_model


@pytest.mark.parametrize(
    ("kind", "continues", "batches"),
    [
        *((kind, "any", True) for kind in KINDS if kind != "convolution"),
        ("single", "single", False),
        ("foreign", "nothing", False),
    ],
)
def test_examine(kind, continues, batches, caplog):
    forward = Forward(make_model(kind))
    with caplog.at_level(logging.WARNING):
        forward.examine()
    assert (forward.continues, forward.batches) == (continues, batches)
    assert ("slower" in caplog.text) == (continues != "any")


def test_a_model_that_ignores_its_cache_is_found_out():
    """Wrong in silence: it takes a cache, fills it, and does not look at the tokens before."""
    model = make_model("full")
    forward = Forward(model)
    plain = model.forward

    def forgetful(input_ids, past_key_values=None, position_ids=None, **kwargs):
        output = plain(input_ids, past_key_values=None, **{**kwargs, "use_cache": False})
        for layer in past_key_values.layers if past_key_values else ():
            layer.append([output.logits[0, None, :, :8]] * 2)
        return output

    model.forward = forgetful
    try:
        forward.examine()
    finally:
        del model.forward
    assert forward.continues == "nothing"

"""Oracle (d): mypy and pyright, which read this file in ``make check``; and here the classes that the values have."""

from typing import assert_type

import feedforward as ff


def test_a_registered_class_keeps_its_type_and_its_arguments() -> None:
    layer = assert_type(ff.layers.Dense(3, "relu", use_bias=False, name="first"), ff.layers.Dense)
    assert assert_type(layer.units, int) == 3
    assert assert_type(ff.optimizers.Adam(1e-3, beta_1=0.5), ff.optimizers.Adam).beta_1 == 0.5
    loss = assert_type(ff.losses.BinaryCrossentropy(from_logits=True), ff.losses.BinaryCrossentropy)
    assert loss.from_logits
    metric = assert_type(ff.metrics.BinaryAccuracy(threshold=0.25), ff.metrics.BinaryAccuracy)
    assert metric.threshold == 0.25
    assert assert_type(ff.initializers.RandomNormal(stddev=0.5), ff.initializers.RandomNormal).stddev == 0.5

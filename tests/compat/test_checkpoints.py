"""Oracle: an identity, what is saved and restored is what was there; what TensorFlow 2.0 documents of checkpoints."""

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install("tf2.0")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def trained(tf, steps):
    """Return a model and its optimizer after some steps from ones."""
    model = tf.keras.Sequential([tf.keras.layers.Dense(2, kernel_initializer="ones")])
    optimizer = tf.keras.optimizers.Adam(0.1)
    for _ in range(steps):
        step(tf, model, optimizer)
    return model, optimizer


def step(tf, model, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(tf.constant([[1.0, 2.0]])) ** 2)
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


def test_training_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(tf, tmp_path):
    whole, _ = trained(tf, 5)
    model, optimizer = trained(tf, 3)
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).save(str(tmp_path / "new" / "ckpt"))
    assert path.endswith("ckpt-1")
    assert tf.train.latest_checkpoint(str(tmp_path / "new")) == path
    again, other = trained(tf, 0)  # it has no weights yet: they get their values when they are made
    tf.train.Checkpoint(model=again, optimizer=other).restore(path).assert_consumed()
    for _ in range(2):
        step(tf, again, other)
    for one, two in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_first_call_after_restore_computes_with_the_values_restored(tf, tmp_path):
    model, _ = trained(tf, 3)
    path = tf.train.Checkpoint(model=model).save(str(tmp_path / "ckpt"))
    other, _ = trained(tf, 0)
    tf.train.Checkpoint(model=other).restore(path)
    x = tf.constant([[1.0, 2.0]])
    np.testing.assert_array_equal(other(x).numpy(), model(x).numpy())


def test_layers_that_a_model_never_calls_itself_get_their_values(tmp_path):
    feedforward.compat.install("tf1.15")
    import tensorflow as tf

    tf.enable_eager_execution()

    class Net(tf.keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.last = tf.layers.Dense(2), tf.keras.layers.Dense(1)

        def predict(self, x):
            return self.last(self.first(x))

    x, net = tf.constant([[1.0, 2.0]]), Net()
    expected = net.predict(x).numpy()
    path = tf.contrib.eager.Checkpoint(net=net).save(str(tmp_path / "ckpt"))
    other = Net()
    tf.contrib.eager.Checkpoint(net=other).restore(path)
    np.testing.assert_array_equal(other.predict(x).numpy(), expected)
    feedforward.compat.uninstall()


def test_weights_without_an_ending_are_a_checkpoint_of_tensorflow(tf, tmp_path):
    def model():
        return tf.keras.Sequential([tf.keras.layers.Dense(2)])

    first, x, prefix = model(), np.ones((1, 3), "float32"), str(tmp_path / "new" / "cp-0001.ckpt")
    expected = first(x).numpy()
    first.save_weights(prefix)
    assert tf.train.latest_checkpoint(str(tmp_path / "new")) == prefix
    again = model()  # it has no weights yet
    again.load_weights(prefix)
    again.compile("sgd", "mse")
    np.testing.assert_allclose(again.predict(x), expected, rtol=1e-6)


def test_a_manager_keeps_the_last_ones(tf, tmp_path):
    v = tf.Variable(0.0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), str(tmp_path), max_to_keep=2)
    for number in (1.0, 2.0, 3.0):
        v.assign(number)
        manager.save()
    assert [path[-6:] for path in manager.checkpoints] == ["ckpt-2", "ckpt-3"]
    v.assign(0.0)
    manager.checkpoint.restore(manager.latest_checkpoint)
    assert float(v) == 3.0
    again = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), str(tmp_path), max_to_keep=2)
    assert again.checkpoints == manager.checkpoints


def test_what_does_not_match_is_said(tf, tmp_path):
    path = tf.train.Checkpoint(a=tf.Variable([1.0, 2.0])).save(str(tmp_path / "ckpt"))
    status = tf.train.Checkpoint(b=tf.Variable(1.0)).restore(path)
    with pytest.raises(AssertionError, match="not in the checkpoint: b"):
        status.assert_consumed()
    small = tf.Variable([0.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="requires shapes of both tensors to match"):
        tf.train.Checkpoint(a=small).restore(path)
    assert small.numpy() == [0.0]
    with pytest.raises(ValueError, match="not a valid checkpoint"):
        tf.train.Checkpoint(a=small).restore(str(tmp_path / "none"))
    with pytest.raises(TypeError, match="it has no variables"):
        tf.train.Checkpoint(a="text").save(str(tmp_path / "ckpt"))


def test_in_a_graph_a_saver_is_the_way(tf):
    tf.compat.v1.disable_eager_execution()
    with pytest.raises(RuntimeError, match=r"In a graph use tf.train.Saver"):
        tf.train.Checkpoint()


def test_a_module_knows_the_variables_of_what_is_in_it(tf):
    class Part(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = tf.Variable(1.0)
            self.fixed = tf.Variable(2.0, trainable=False)

    class Whole(tf.Module):
        def __init__(self):
            super().__init__(name="whole")
            self.parts = [Part(), Part()]

    whole = Whole()
    assert (whole.name, len(whole.variables), len(whole.trainable_variables)) == ("whole", 4, 2)
    assert len(whole.submodules) == 2

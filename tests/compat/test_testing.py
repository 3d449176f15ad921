"""Oracles: NumPy's own comparisons; unittest's counts of tests that ran and failed."""

import unittest

import numpy as np
import pytest

import feedforward.compat


@pytest.fixture
def tf():
    feedforward.compat.install(version="tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def run(case):
    """How many tests of a case ran, failed, and raised."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result.testsRun, len(result.failures), len(result.errors)


def test_a_test_case_compares_tensors_and_arrays(tf):
    class Case(tf.test.TestCase):
        def test_graph(self):
            x = tf.constant([1.0, 2.0])
            with self.test_session() as session:
                self.assertAllEqual(session.run(x * 2), [2, 4])
            self.assertAllClose(x, np.array([1.0, 2.0 + 1e-7]))
            self.assertAllEqual(self.evaluate([x, x])[1], x)
            self.assertAllClose({"a": 1.0}, {"a": 1.0})
            self.assertAllGreater(x, 0), self.assertAllLess(x, 3), self.assertNear(1, 1.1, 0.2)
            self.assertShapeEqual(np.zeros((2,)), x)

        def test_that_fails(self):
            self.assertAllClose([1.0], [1.1])

        def test_shapes_that_fail(self):
            self.assertAllEqual([1.0, 1.0], 1.0)

        def test_on_a_card(self):
            self.session(force_gpu=True)

    assert run(Case) == (5, 2, 1)  # with test_session, which is passed over


def test_each_test_begins_with_an_empty_graph_and_seeded_generators(tf):
    seen = []

    class Case(tf.test.TestCase):
        def test_one(self):
            tf.constant(1)
            seen.append((len(tf.get_default_graph().get_operations()), np.random.rand()))

        test_two = test_one

    assert run(Case) == (3, 0, 0)
    assert seen == [(1, np.random.RandomState(87654321).rand())] * 2


def test_there_is_no_graphics_card(tf):
    assert not tf.test.is_gpu_available() and not tf.test.is_built_with_cuda() and tf.test.gpu_device_name() == ""
    assert tf.test.main is unittest.main


def test_the_network_of_the_tutorials_is_two_layers_of_relu(tf):
    from tensorflow.examples.tutorials.mnist import mnist

    images = np.random.RandomState(0).rand(5, mnist.IMAGE_PIXELS).astype(np.float32)
    labels = np.array([3, 1, 4, 1, 5], dtype=np.int32)
    logits = mnist.inference(tf.constant(images), 16, 8)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        weights = session.run(tf.trainable_variables())
        found, loss, right = session.run(
            [logits, mnist.loss(logits, tf.constant(labels)), mnist.evaluation(logits, tf.constant(labels))]
        )
    assert [variable.op.name for variable in tf.trainable_variables()][:2] == ["hidden1/weights", "hidden1/biases"]
    assert 0.5 < weights[0].std() * 28 < 1  # cut at two deviations, a normal distribution has 0.88 of its own
    hidden = np.maximum(np.maximum(images @ weights[0] + weights[1], 0) @ weights[2] + weights[3], 0)
    expected = hidden @ weights[4] + weights[5]
    np.testing.assert_allclose(found, expected, atol=1e-5)  # sums of 784 products in float32
    entropies = np.log(np.exp(expected).sum(axis=1)) - expected[np.arange(5), labels]
    assert abs(loss - entropies.mean()) < 1e-5 and right == (expected.argmax(axis=1) == labels).sum()

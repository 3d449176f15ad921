"""``tf.test``: test cases that compare arrays and tensors, and what a program asks of the machine."""

from __future__ import annotations

import random
import tempfile
import unittest
from typing import Any

import numpy as np

from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.graph import default_graph, reset_default_graph
from feedforward.compat.tensorflow.session import Session, get_default_session
from feedforward.compat.tensorflow.tensors import GraphTensor

__all__ = ["TestCase"]

_SEED = 87654321  # of the graph and of NumPy's and Python's generators, in each test


@provided("tf.test.TestCase")
class TestCase(unittest.TestCase):
    """A test case that begins with an empty graph and seeded generators, and compares arrays and tensors."""

    __test__ = False  # not of this package, for pytest; what a program derives from it is found by `unittest`

    def setUp(self) -> None:
        """Empty the default graph, and seed the generators."""
        reset_default_graph()
        default_graph().seed = _SEED
        random.seed(_SEED)
        np.random.seed(_SEED)

    def session(self, graph: Any = None, config: Any = None, use_gpu: bool = False, force_gpu: bool = False) -> Session:
        """Return a session for a ``with`` statement.

        Raises
        ------
        ValueError
            If it has to run on a graphics card.
        """
        if force_gpu:
            raise ValueError("session: force_gpu=True, but programs run on processors alone. Leave it out.")
        return Session(graph=graph, config=config)

    cached_session = session

    def test_session(self, *args: Any, **options: Any) -> Session:
        """Return a session; unittest, which takes it for a test by its name, is told that it is none."""
        if self.id().endswith(".test_session"):
            self.skipTest("test_session is no test.")
        return self.session(*args, **options)

    def evaluate(self, tensors: Any) -> Any:
        """Return the values of tensors."""
        found = tensors if isinstance(tensors, list | tuple) else [tensors]
        if any(isinstance(tensor, GraphTensor) for tensor in found):
            return (get_default_session() or Session()).run(tensors)
        values = [np.asarray(tensor) for tensor in found]
        return values if isinstance(tensors, list | tuple) else values[0]

    def get_temp_dir(self) -> str:
        """Return a new folder for files of the test."""
        return tempfile.mkdtemp()

    def _array(self, value: Any) -> Any:
        return np.asarray(self.evaluate(value) if isinstance(value, GraphTensor) else value)

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Fail unless two arrays have one shape and the same elements; NaN is NaN."""
        np.testing.assert_array_equal(self._array(a), self._array(b), err_msg=msg or "", strict=False)
        self.assertShapeEqual(a, b)

    def assertAllClose(self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None) -> None:
        """Fail unless ``|a - b| <= atol + rtol |b|``, element by element; lists and dicts entry by entry."""
        if isinstance(a, dict):
            self.assertEqual(set(a), set(b), msg)
            for key in a:
                self.assertAllClose(a[key], b[key], rtol, atol, msg)
            return
        self.assertShapeEqual(a, b)
        np.testing.assert_allclose(self._array(a), self._array(b), rtol=rtol, atol=atol, err_msg=msg or "")

    def assertShapeEqual(self, a: Any, b: Any) -> None:
        """Fail unless two arrays have one shape."""
        self.assertEqual(self._array(a).shape, self._array(b).shape)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Fail unless two numbers differ by at most `err`."""
        self.assertLessEqual(abs(float(f1) - float(f2)), err, msg)

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are larger than a number."""
        self.assertTrue((self._array(a) > comparison_target).all())

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Fail unless all elements are less than a number."""
        self.assertTrue((self._array(a) < comparison_target).all())


provide(unittest.main, "tf.test.main")


@provided("tf.test.get_temp_dir")
def get_temp_dir() -> str:
    """Return a new folder for files of a test."""
    return tempfile.mkdtemp()


@provided("tf.test.is_gpu_available")
def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Return False: programs run on processors alone."""
    return False


@provided("tf.test.is_built_with_cuda")
def is_built_with_cuda() -> bool:
    """Return False: programs run on processors alone."""
    return False


@provided("tf.test.gpu_device_name")
def gpu_device_name() -> str:
    """Return an empty name: programs run on processors alone."""
    return ""

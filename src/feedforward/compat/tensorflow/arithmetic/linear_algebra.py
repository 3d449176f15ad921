"""Products of matrices and tensors, and what NumPy does with matrices that are known.

Inverses, decompositions and the like are computed once by LAPACK, when a graph is compiled: what they get must follow
from constants, and no gradient goes through them.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.compat.names import refuse
from feedforward.compat.tensorflow.arithmetic.arrays import ints, like, picked
from feedforward.compat.tensorflow.arithmetic.maths import pair
from feedforward.compat.tensorflow.graphs.dispatch import operation
from feedforward.compat.tensorflow.graphs.graph import UnknownValueError, known_value
from feedforward.compat.tensorflow.graphs.shapes import as_shape
from feedforward.compat.tensorflow.graphs.variables import read_variables
from feedforward.graph.node import Node
from feedforward.recording import live_tapes

__all__ = ["Eigen", "Qr", "Svd"]


def _matmul_fallback(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False, **_: Any) -> Any:
    """Return the shape of a product of which one side is a matrix: then the other is one, too."""
    left, right = (as_shape(getattr(side, "shape", None)) for side in (a, b))
    if 2 not in (left.ndims, right.ndims):
        return None
    return [
        None if shape.dims is None else shape.as_list()[axis]
        for shape, axis in ((left, bool(transpose_a)), (right, not transpose_b))
    ]


@operation(
    "tf.matmul", "tf.batch_matmul", "tf.linalg.matmul", kind="MatMul", operator="matmul", fallback=_matmul_fallback
)
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
) -> Any:
    """Return the product of matrices, or of batches of them."""
    left, right = pair(a, b)
    if transpose_a or adjoint_a:
        left = _turned(left)
    if transpose_b or adjoint_b:
        right = _turned(right)
    if min(left.ndim, right.ndim) < 2:
        raise ValueError(f"Shape must be rank 2 but is rank {min(left.ndim, right.ndim)}: matmul takes matrices.")
    if left.dtype.kind != "f":  # of which the engine has no product of its own
        return ff.sum(ff.expand_dims(left, -1) * ff.expand_dims(right, -3), -2)
    return ff.matmul(left, right)


def _turned(x: ff.Tensor) -> ff.Tensor:
    axes = list(range(x.ndim))
    return ff.transpose(x, [*axes[:-2], axes[-1], axes[-2]])


@operation("tf.tensordot", "tf.linalg.tensordot", kind="Tensordot")
def tensordot(a: Any, b: Any, axes: Any) -> Any:
    """Return the sums of products over pairs of axes: the last of a and the first of b, or those listed."""
    left, right = pair(a, b)
    given = known_value(axes)
    if np.ndim(given) == 0:
        over = list(range(left.ndim - int(given), left.ndim)), list(range(int(given)))
    else:
        over = ints(given[0]), ints(given[1])
    inner = [axis % left.ndim for axis in over[0]], [axis % right.ndim for axis in over[1]]
    free = [axis for axis in range(left.ndim) if axis not in inner[0]]
    rest = [axis for axis in range(right.ndim) if axis not in inner[1]]
    sizes = [left.node.shape[axis] for axis in free], [right.node.shape[axis] for axis in rest]
    count = int(np.prod(ints([left.node.shape[axis] for axis in inner[0]]), dtype=np.int64)) if inner[0] else 1
    rows = ff.reshape(ff.transpose(left, [*free, *inner[0]]), (-1, count))
    columns = ff.reshape(ff.transpose(right, [*inner[1], *rest]), (count, -1))
    return ff.reshape(ff.matmul(rows, columns), (*sizes[0], *sizes[1]))


@operation("tf.einsum", "tf.linalg.einsum", kind="einsum")
def einsum(equation: str, *inputs: Any) -> Any:
    """Return sums of products as an equation such as ``"bij,bjk->bik"`` says."""
    terms, arrow, wanted = equation.replace(" ", "").partition("->")
    parts = terms.split(",")
    if "." in equation or len(parts) != len(inputs) or any(len(set(part)) < len(part) for part in parts):
        raise ValueError(
            f"einsum({equation!r}): expected one term without '...' or a letter twice for each of the "
            f"{len(inputs)} tensors."
        )
    if not arrow:
        letters = terms.replace(",", "")
        wanted = "".join(letter for letter in sorted(set(letters)) if letters.count(letter) == 1)
    label, total = parts[0], like(inputs[0], None)
    if total.ndim != len(label):
        raise ValueError(f"einsum({equation!r}): term {label!r} for a tensor of shape {total.shape}.")
    for place, (part, value) in enumerate(zip(parts[1:], inputs[1:], strict=True), 2):
        later = set("".join(parts[place:]) + wanted)
        label, total = _contracted(label, total, part, pair(total, value)[1], later)
    dropped = tuple(axis for axis, letter in enumerate(label) if letter not in wanted)
    total = ff.sum(total, dropped) if dropped else total
    label = "".join(letter for letter in label if letter in wanted)
    return ff.transpose(total, [label.index(letter) for letter in wanted]) if label != wanted else total


def _contracted(a: str, x: ff.Tensor, b: str, y: ff.Tensor, later: set[str]) -> tuple[str, ff.Tensor]:
    """Return letters and values of the product of two tensors, summed over the letters that nothing needs later."""
    sizes = dict(zip(a + b, (*x.node.shape, *y.node.shape), strict=True))
    batch = [letter for letter in a if letter in b and letter in later]
    inner = [letter for letter in a if letter in b and letter not in later]
    left = [letter for letter in a if letter not in b]
    right = [letter for letter in b if letter not in a]

    def arranged(label: str, value: ff.Tensor, order: list[str], groups: list[list[str]]) -> ff.Tensor:
        moved = ff.transpose(value, [label.index(letter) for letter in order])
        shape: list[Any] = [sizes[letter] for letter in batch]
        for group in groups:
            shape.append(int(np.prod(ints([sizes[letter] for letter in group]), dtype=np.int64)) if group else 1)
        return ff.reshape(moved, shape)

    rows = arranged(a, x, [*batch, *left, *inner], [left, inner])
    columns = arranged(b, y, [*batch, *inner, *right], [inner, right])
    found = ff.matmul(rows, columns)
    letters = [*batch, *left, *right]
    return "".join(letters), ff.reshape(found, [sizes[letter] for letter in letters])


@operation("tf.cross", "tf.linalg.cross", kind="Cross")
def cross(a: Any, b: Any) -> Any:
    """Return the vector products of vectors of three numbers."""
    x, y = pair(a, b)
    (x0, x1, x2), (y0, y1, y2) = ([picked(each, (..., place)) for place in range(3)] for each in (x, y))
    return ff.stack([x1 * y2 - x2 * y1, x2 * y0 - x0 * y2, x0 * y1 - x1 * y0], -1)


def _check_untaped(what: str, matrices: Sequence[Any]) -> None:
    """Refuse a matrix for whose gradient a tape may be asked: it would say that there is none."""
    tapes = live_tapes()
    nodes = [like(each, None).node for each in matrices]
    trained = {variable.leaf for each in matrices for variable in read_variables(like(each, None))}
    seen: set[Node] = set()
    while tapes and nodes:
        node = nodes.pop()
        if node in seen or node.op.name == "stop_gradient":
            continue
        seen.add(node)
        nodes += node.inputs
        if node in trained or (not node.inputs and any(tape.needs(node) for tape in tapes)):
            raise ValueError(
                f"{what}: a tape records what its matrix is computed from, and NumPy, which computes it, gives no "
                f"gradient. Give it tf.stop_gradient(...) of the matrix if none is wanted, or compute it outside of "
                f"the tape; else write it with tf.matmul and its like."
            )


def _by_numpy(function: Callable[..., Any], *names: str, kind: str) -> None:
    """Make an operation on known matrices."""

    def rule(*matrices: Any, **settings: Any) -> Any:
        try:
            known = [np.asarray(known_value(like(each, None))) for each in matrices]
        except UnknownValueError:
            raise UnknownValueError(
                f"{names[0]}: its matrix depends on what is fed or on a variable. Expected one that follows from "
                f"constants. Compute it with NumPy and feed the result."
            ) from None
        _check_untaped(names[0], matrices)
        found = function(*known, **settings)
        if isinstance(found, tuple):
            return type(found)(*(ff.Tensor(part.astype(known[0].dtype)) for part in found))
        return ff.Tensor(np.asarray(found, known[0].dtype))

    rule.__name__ = names[0].rpartition(".")[2]
    rule.__doc__ = f"Return what ``{names[0]}`` does with matrices that are known; no gradient goes through it."
    operation(*names, kind=kind)(rule)


def _turned_if(matrix: Any, is_turned: bool) -> Any:
    return np.swapaxes(matrix, -1, -2) if is_turned else matrix


Svd = namedtuple("Svd", ["s", "u", "v"])
Qr = namedtuple("Qr", ["q", "r"])
Eigen = namedtuple("Eigen", ["e", "v"])


def _svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return np.linalg.svd(tensor, compute_uv=False)
    u, s, v = np.linalg.svd(tensor, full_matrices=full_matrices)
    return Svd(s, u, np.swapaxes(v, -1, -2))


def _triangular(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Any:
    part = np.tril(matrix) if lower else np.triu(matrix)
    return np.linalg.solve(_turned_if(part, adjoint), rhs)


def _least_squares(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True) -> Any:
    turned = np.swapaxes(matrix, -1, -2)
    if matrix.shape[-2] < matrix.shape[-1]:  # many solve it: the shortest one, as in TensorFlow
        return turned @ np.linalg.solve(matrix @ turned + l2_regularizer * np.eye(matrix.shape[-2]), rhs)
    return np.linalg.solve(turned @ matrix + l2_regularizer * np.eye(matrix.shape[-1]), turned @ rhs)


for _function, _names, _kind in (
    (lambda m, adjoint=False: np.linalg.inv(_turned_if(m, adjoint)),
     "tf.matrix_inverse tf.linalg.inv", "MatrixInverse"),
    (np.linalg.det, "tf.matrix_determinant tf.linalg.det", "MatrixDeterminant"),
    (lambda m: np.linalg.slogdet(m)[1], "tf.linalg.logdet", "logdet"),
    (np.linalg.cholesky, "tf.cholesky tf.linalg.cholesky", "Cholesky"),
    (_svd, "tf.svd tf.linalg.svd", "Svd"),
    (lambda m, full_matrices=False: Qr(*np.linalg.qr(m, "complete" if full_matrices else "reduced")),
     "tf.qr tf.linalg.qr", "Qr"),
    (lambda m: Eigen(*np.linalg.eigh(m)), "tf.self_adjoint_eig tf.linalg.eigh", "SelfAdjointEigV2"),
    (np.linalg.eigvalsh, "tf.self_adjoint_eigvals tf.linalg.eigvalsh", "SelfAdjointEigvals"),
    (lambda m, rhs, adjoint=False: np.linalg.solve(_turned_if(m, adjoint), rhs),
     "tf.matrix_solve tf.linalg.solve", "MatrixSolve"),
    (_triangular, "tf.matrix_triangular_solve tf.linalg.triangular_solve", "MatrixTriangularSolve"),
    (_least_squares, "tf.matrix_solve_ls tf.linalg.lstsq", "MatrixSolveLs"),
):  # fmt: skip
    _by_numpy(_function, *_names.split(), kind=_kind)

refuse("use NumPy, and feed the result.", *(f"tf.linalg.{name}" for name in ("expm", "sqrtm", "LinearOperator")))

"""The last gate before machine code: no kernel reads or writes outside of its buffers, whatever the graph said.

The rules of operations see to that, each for itself. Here it is shown of the loops that came of them: every loop
variable has a range, so every index has bounds, and these lie within the buffer. A kernel of which that cannot be shown
is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from feedforward.compiler.loops import (
    Accumulate,
    Buffer,
    Expr,
    For,
    Kernel,
    Multiply,
    Pack,
    Statement,
    Store,
    View,
    walk,
)
from feedforward.errors import GraphError

__all__ = ["check_bounds"]


def check_bounds(kernels: Iterable[Kernel]) -> None:
    """Check that kernels stay within their buffers.

    Raises
    ------
    GraphError
        If that cannot be shown of one; with its text.
    """
    for kernel in kernels:
        fault = _fault(kernel.body)
        if fault:
            raise GraphError(f"a kernel may reach outside of a buffer: {fault}, in\n{kernel}")


def _fault(body: Sequence[Statement]) -> str:
    """Return what may reach outside, or nothing."""
    for statement in body:
        match statement:
            case For():
                fault = _fault(statement.body) if statement.var.size else ""  # a loop of no turns reads nothing
            case Accumulate():
                fault = _load_fault([statement.value])
            case Store():
                fault = _index_fault(statement.buffer, statement.index)
                fault = fault or _load_fault([statement.index, statement.value])
            case Pack():
                fault = _pack_fault(statement)
            case Multiply():
                fault = _product_fault(statement) or _fault(statement.epilogue)
            case _:
                fault = ""
        if fault:
            return fault
    return ""


def _load_fault(roots: Sequence[Expr]) -> str:
    faults = (_index_fault(expr.data, expr.args[0]) for expr in walk(roots) if expr.op == "load")
    return next(filter(None, faults), "")


def _index_fault(buffer: Buffer, index: Expr) -> str:
    if index.is_below(buffer.size):
        return ""
    low, high = ("?" if end is None else end for end in index.bounds)
    return f"{buffer.name}[{index}] goes from {low} to {high}, of {buffer.size} elements"


def _pack_fault(pack: Pack) -> str:
    panels = pack.panels
    sizes = panels.inner * panels.columns, panels.size
    faults = [_span_fault(*one, pack.batch) for one in zip((pack.source, pack.out), sizes, strict=True)]
    return next(filter(None, faults), "")


def _product_fault(product: Multiply) -> str:
    plan = product.plan
    spans = [
        (product.out, plan.rows * plan.columns),
        *([] if product.view else [(product.x, plan.rows * plan.inner)]),
        (product.y, plan.inner * plan.columns),
        (product.left, plan.left.size if plan.left else 0),
        (product.right, plan.right.size if plan.right else 0),
        (product.partial, plan.partial),
    ]
    faults = [_span_fault(*one, product.batch) for one in spans]
    return next(filter(None, faults), "") or (_view_fault(product, product.view) if product.view else "")


def _view_fault(product: Multiply, view: View) -> str:
    plan = product.plan
    sizes = view.rows[0].size, view.inner[0].size, product.batch
    if sizes != (plan.rows, plan.inner, 1):
        return f"a view of {sizes[0]} by {sizes[1]} elements for {product.batch} of {plan.rows} by {plan.inner}"
    return _index_fault(product.x, view.index)


def _span_fault(buffer: Buffer | None, size: int, batch: int) -> str:
    """Return a fault if a buffer has no room for so many matrices of a size."""
    if buffer is None:
        return f"a product without a buffer of {size * batch} elements" if size else ""
    if size * batch <= buffer.size:
        return ""
    return f"{buffer.name}[0..{size * batch - 1}], of {buffer.size} elements"

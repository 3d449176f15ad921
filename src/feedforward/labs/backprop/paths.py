"""The chain rule, path by path: every way by which a weight acts on the loss, and the product along each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from feedforward.labs.backprop.network import Network, Parameter, Values

__all__ = ["Factor", "Path", "paths_of"]


@dataclass(frozen=True)
class Factor:
    """A local derivative: of one quantity with respect to the one before it.

    Parameters
    ----------
    of, by : str
        ``"L"``, a unit's output such as ``"o1"``, its sum such as ``"z_o1"``, or a parameter such as ``"w5"``.
    value : float
    """

    of: str
    by: str
    value: float


@dataclass(frozen=True)
class Path:
    """One way from a parameter to the loss.

    Parameters
    ----------
    units : tuple of (int, int)
        Layer and unit of each unit on the way, that of the parameter first.
    factors : tuple of Factor
        From the loss back to the parameter, as the chain rule is written.
    """

    units: tuple[tuple[int, int], ...]
    factors: tuple[Factor, ...]

    @property
    def product(self) -> float:
        """The product of the local derivatives."""
        return prod(factor.value for factor in self.factors)


def paths_of(network: Network, values: Values, example: int, parameter: Parameter) -> list[Path]:
    """Return the paths from a parameter to the loss of one example.

    Notes
    -----
    The local derivatives are what the engine computed: a weight, an activation, an activation's slope, the loss's
    derivative. A path ends at the output's sum where the network is joined (`Network.is_joined`).
    """
    last = len(values.layers) - 1

    def onward(layer: int, unit: int) -> Iterator[tuple[tuple[int, int], ...]]:
        if layer == last:
            yield ((layer, unit),)
            return
        for further in range(network.widths[layer + 2]):
            for rest in onward(layer + 1, further):
                yield ((layer, unit), *rest)

    def factors(units: tuple[tuple[int, int], ...]) -> Iterator[Factor]:
        for index in reversed(range(len(units))):
            layer, unit = units[index]
            here, name = values.layers[layer], network.unit_name(layer, unit)
            if layer == last and network.is_joined:
                yield Factor("L", f"z_{name}", float(here.delta[example, unit]))
            else:
                if layer == last and here.a_gradient is not None:
                    yield Factor("L", name, float(here.a_gradient[example, unit]))
                if here.slope is not None:
                    yield Factor(name, f"z_{name}", float(here.slope[example, unit]))
            if index > 0:
                before = units[index - 1]
                yield Factor(f"z_{name}", network.unit_name(*before), float(here.kernel[before[1], unit]))
            else:
                moves = 1.0 if parameter.source is None else float(here.before[example, parameter.source])
                yield Factor(f"z_{name}", parameter.name, moves)

    return [Path(units, tuple(factors(units))) for units in onward(parameter.layer, parameter.unit)]

"""What a person may ask of a model: how it computes, what ails it, what it gets wrong, and pictures of all that.

Each answer stands in a file of its own, which is loaded when it is asked for; here is only what is asked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from feedforward.training.described import Described

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from feedforward.training.diagnosis import Diagnosis
    from feedforward.training.model import Model
    from feedforward.training.rates import Rates
    from feedforward.training.worst import TopLosses

__all__ = ["Examined"]


class Examined(Described):
    """A network that can be asked about itself; see `Model`, which adds how it is trained."""

    @property
    def _model(self) -> Model:
        return cast("Model", self)

    def explain(self, stage: str = "loops", batch_size: int = 32) -> str:
        """Return what the training step, or without `compile` the prediction, becomes on the way to machine code.

        Parameters
        ----------
        stage : {"numpy", "formulas", "graph", "gradient", "kernels", "loops", "llvm", "asm"}
            How far on the way: loss and gradient as a student writes them, layer by layer, as a NumPy program or in
            LaTeX; the network and its loss, the whole step, what is computed together, the loops, LLVM's form, the
            machine's.
        batch_size : int
            Samples in a batch; what is written out by layers is of n.

        Raises
        ------
        ValueError
            If there is no such stage; if something in the network has no rule by which it is written out.

        Notes
        -----
        The program's function takes weights by their paths, ``{path: weight.numpy() for path, weight in
        model.weights_by_path()}``, samples and targets, and, of layers of dropout in training, the masks by the
        layers' names. Its numbers are those of the model but for roundings.

        Examples
        --------
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(2, name="out")], name="net")
        >>> for line in model.explain("numpy").splitlines()[-5:-2]:
        ...     print(line.strip())
        W_out = weights["out/kernel"]  # (3, 2)
        b_out = weights["out/bias"]  # (2,)
        z_out = x @ W_out + b_out  # (n, 2)
        """
        from feedforward.training.explain import WRITTEN, explain  # which, as the compiler, few programs need

        wanted = self._model.wanted("explain") if self._model.is_compiled else None
        if stage in WRITTEN:
            from feedforward.training.written.program import written

            return written(self._model, wanted, stage)
        return explain(self._model.network, wanted, self._model.traced, stage, batch_size)

    def report(self, x: Any, y: Any, path: str | os.PathLike[str], class_names: Sequence[str] | None = None) -> None:
        """Measure the model and write what it gets right and wrong to one HTML page, complete in itself.

        Parameters
        ----------
        x, y
            The samples to measure on and their targets, as for `evaluate`. Arrays of shape (n, height, width), or with
            1 or 3 channels last, are shown as pictures, others as rows; a data frame gives the names of its columns.
        path : path
            The page, such as ``"page.html"``. It is replaced all at once or not at all.
        class_names : sequence of str, optional
            What the classes are called; their numbers by default.

        Raises
        ------
        ShapeError
            If the network predicts more than one class, or one number, for each sample.
        ValueError
            If the names are not as many as the classes.
        ValueError, TypeError, OSError
            As for `evaluate` and `save`.

        Notes
        -----
        Losses that say what accuracy is beside them, cross-entropies and margins, are shown as a classification, other
        losses as a regression. The curves are those of the last `fit`; a model from a file has none.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> import feedforward as ff
        >>> model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
        >>> model.compile("sgd", "mean_squared_error")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "page.html")
        ...     model.report([[1.0], [2.0]], [2.0, 4.0], path)
        ...     print(path.read_text(encoding="utf-8").splitlines()[0])
        <!DOCTYPE html>
        """
        from feedforward.report.of_model import write_report  # it stands above, and is loaded only when asked for

        write_report(self._model, x, y, path, class_names)

    def diagnose(self, x: Any, y: Any, samples: int = 512) -> Diagnosis:
        """Return what one training step does to each layer, and what in it looks ill. Nothing is changed.

        Parameters
        ----------
        x, y
            Samples and their targets, as for `fit`.
        samples : int
            How many of them to look at, chosen at random.

        Returns
        -------
        Diagnosis
            Prints as a table of the layers and a sentence for each of its `findings`: dead units (rectifiers that are
            0 for every sample), saturated units, a gradient that vanishes or explodes over depth, a step that is too
            large or too small for the weights, gradients of one sign.

        Raises
        ------
        ValueError, TypeError
            As `fit`.

        Notes
        -----
        The bounds stand at the top of ``training/diagnosis.py``. All values of these samples are held at once.

        Examples
        --------
        >>> import feedforward as ff
        >>> hidden = ff.layers.Dense(8, "relu", bias_initializer=ff.initializers.Constant(-9.0), name="hidden")
        >>> model = ff.Sequential([ff.Input((2,)), hidden, ff.layers.Dense(1)])
        >>> model.compile("sgd", "mean_squared_error")
        >>> [(finding.kind, finding.layers) for finding in model.diagnose([[0, 1], [1, 0]], [1.0, 2.0]).findings][0]
        ('dead units', ('hidden',))
        """
        from feedforward.training.diagnosis import diagnose

        return diagnose(self._model, x, y, samples)

    def lr_find(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        lowest: float = 1e-7,
        highest: float = 10.0,
        steps: int = 100,
    ) -> Rates:
        """Return the loss over a training in which the learning rate grows, and the rate that it suggests.

        Parameters
        ----------
        x, y
            Samples and their targets, as for `fit`.
        batch_size : int, optional
            Samples in a batch; 32 by default.
        lowest, highest : float
            The first and the last learning rate; from step to step it grows by one factor.
        steps : int
            How many batches to train.

        Returns
        -------
        Rates
            `rates`, `losses`, the `suggestion`, and `plot()`.

        Raises
        ------
        ValueError, TypeError
            As `fit`; if the rates are no numbers 0 < lowest < highest.

        Notes
        -----
        It trains on copies of the weights with a new optimizer of the same settings: the model stays as it is. It ends
        where the smoothed loss is four times its lowest.

        References
        ----------
        Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3.
        """
        from feedforward.training.rates import find_rates

        return find_rates(self._model, x, y, batch_size, lowest, highest, steps)

    def top_losses(self, x: Any, y: Any, count: int = 9) -> TopLosses:
        """Return the samples with the largest loss: what the model gets most wrong, or what is labelled wrongly.

        Parameters
        ----------
        x, y
            Samples and their targets, as for `evaluate`.
        count : int
            How many; all, where there are fewer.

        Returns
        -------
        TopLosses
            `rows` of x, `losses`, `targets` and `predictions`, the largest loss first; and `plot()`, for images.

        Raises
        ------
        ValueError, TypeError
            As `evaluate`; if the network has more than one output.
        """
        from feedforward.training.worst import top_losses

        return top_losses(self._model, x, y, count)

    def plot_confusion_matrix(self, x: Any, y: Any, class_names: Sequence[str] | None = None) -> Figure:
        """Return a picture of how many samples of each class (row) the model takes for each class (column).

        Parameters
        ----------
        x, y, class_names
            As for `report`.

        Raises
        ------
        ImportError
            If Matplotlib is missing, which the extra ``[plot]`` installs.
        ValueError, TypeError
            As `evaluate`; if the model is no classifier.
        """
        from feedforward.report.pictures import confusion_picture

        return confusion_picture(self._model, x, y, class_names)

    def plot_filters(self, layer: str | None = None, count: int = 64) -> Figure:
        """Return a picture of what the units of a layer weigh: what each of them looks for in its input.

        Parameters
        ----------
        layer : str, optional
            The layer's name; by default the first with a kernel.
        count : int
            How many units to show, the first ones.

        Raises
        ------
        ImportError
            If Matplotlib is missing, which the extra ``[plot]`` installs.
        ValueError
            If there is no such layer, or it has no kernel.

        Notes
        -----
        The units of a dense layer on an image of shape (h, w) or (h, w, c), or on h w numbers that are one, are shown
        as such images; those of a convolution as its kernel. Blue is below 0, red above, one scale for all.
        """
        from feedforward.report.pictures import filters_picture

        return filters_picture(self._model, layer, count)

    def plot_activations(self, x: Any, layer: str | None = None, count: int = 64) -> Figure:
        """Return a picture of what a layer gives for samples: rows of numbers, or, of one, its channels as images.

        Parameters
        ----------
        x : array, shape (n, ...)
            A few samples.
        layer : str, optional
            The layer's name; by default the first with a kernel.
        count : int
            How many channels, or numbers of each sample, to show, the first ones.

        Raises
        ------
        ImportError
            If Matplotlib is missing, which the extra ``[plot]`` installs.
        ValueError, TypeError
            As `predict`; if there is no such layer.
        """
        from feedforward.report.pictures import activations_picture

        return activations_picture(self._model, x, layer, count)

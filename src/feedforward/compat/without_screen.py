"""The backend that Matplotlib imports where there is no screen: it draws on Agg's canvas, and shows by writing."""

from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from feedforward.compat.pictures import show

__all__ = ["FigureCanvas", "show"]

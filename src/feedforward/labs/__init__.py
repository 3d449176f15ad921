"""The labs: networks seen, touched and steered in a browser, with the real engine at work behind the page.

``feedforward labs`` starts them. A lab is a folder here: how it computes, its page, its words and its lessons; the rest
is what all of them share. Labs use the package's public names only, and what a run depends on (seed, data, settings)
stands in the lab's settings, so that its script gives the same numbers. Needs the extra ``labs``.
"""

__all__: list[str] = []

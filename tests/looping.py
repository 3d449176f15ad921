"""A loop over batches from its beginning to its end, for tests of backends."""


def looped(executable, arrays, order, batch_size, variables, totals=()):
    """Return the totals, added to those given, and the variables after all batches."""
    loop = executable.loop(variables, totals)
    loop.run(arrays, order, batch_size)
    return loop.totals, loop.variables()

"""What programs expect around them: flags, files, logging, tests, the tutorials' data; and what is refused."""

__all__: list[str] = []

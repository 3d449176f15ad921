"""What brings a page to the browser and its messages to a session: addresses, the guard before them, the socket."""

__all__: list[str] = []

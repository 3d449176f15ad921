"""A server of the labs in a thread, for tests."""

import socket
import threading
from contextlib import contextmanager

import uvicorn

from feedforward.labs.server.application import LOGIN, LONGEST_MESSAGE, QUESTION, application
from feedforward.labs.server.guard import Access

TOKEN = "token-of-the-tests"


@contextmanager
def served(password=None, embedders=()):
    """Serve the labs; yields the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    paths = (QUESTION, LOGIN) if password else ()
    access = Access(TOKEN, listening.getsockname()[1], embedders=embedders, open_paths=paths)
    config = uvicorn.Config(
        application(access, password),
        log_level="warning",
        server_header=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=LONGEST_MESSAGE,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{access.port}/{TOKEN}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()

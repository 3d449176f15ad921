"""Oracle: worked by hand: what ``feedforward labs`` prints, serves, and says of what cannot be."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

from click.testing import CliRunner

from feedforward.commands.cli import main


def test_the_command_prints_an_address_that_works_and_ends_with_ctrl_c():
    command = [sys.executable, "-m", "feedforward", "labs", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("Labs: http://127.0.0.1:")
        with urllib.request.urlopen(line.removeprefix("Labs: ").strip(), timeout=20) as answer:
            assert b"Feedforward labs" in answer.read()
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["labs", "--no-browser", "--port", str(port)])
    assert result.exit_code == 2
    assert f"port {port}" in result.output and "Traceback" not in result.output


def test_a_host_that_others_reach_is_refused_without_a_password():
    result = CliRunner().invoke(main, ["labs", "--no-browser", "--host", "0.0.0.0"])
    assert result.exit_code == 2
    assert "others reach it, so it needs a password. Give --password" in result.output


def test_an_origin_that_is_none_is_refused():
    for origin in ("*", "slides.example", "http://x/path", "http://x; script-src *", "javascript:1"):
        result = CliRunner().invoke(main, ["labs", "--no-browser", "--embed-in", origin])
        assert result.exit_code == 2
        assert "is no origin" in result.output, origin


def test_without_the_extra_it_is_told_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("feedforward.labs")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(main, ["labs", "--no-browser"])
    assert result.exit_code == 2
    assert "pip install 'feedforward-nn[labs]'" in result.output

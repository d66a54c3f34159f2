#!/usr/bin/env python3
"""Makes the picture of `provisrd top` in the README: a real frame on a pseudo-terminal, as SVG.

    tests/e2e/top_picture.py build/dev docs/images/top.svg   # writes it
    tests/e2e/top_picture.py build/dev                       # the test: makes and checks it
"""
import dataclasses
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
import xml.etree.ElementTree
from xml.sax.saxutils import escape

import daemons

COLUMNS, ROWS = 104, 21
CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.0, 18.0, 14.0
LARGEST_FILE = 60_000
SVG = "http://www.w3.org/2000/svg"

CONFIG = """
[server]
listen = "127.0.0.1:{port}"
[metrics]
enabled = false
[metrics.process_metrics]
interval = "500ms"
[[processes]]
name = "api"
command = "{load} --cpu 30 --memory 60"
instances = 3
[[processes]]
name = "worker"
command = "{load} --cpu 8 --memory 40"
instances = 2
[[processes]]
name = "thumbnails"
command = "{load} --cpu 3 --memory 30 --grow 3 --limit 2000"
[[processes]]
name = "import"
args = ["/bin/sh", "-c", "sleep 4; kill -9 $$"]
auto_restart = true
restart_interval = "1h"
start_duration = "10s"
[[processes]]
name = "mail"
args = ["/bin/sh", "-c", "sleep 6; exit 1"]
"""


@dataclasses.dataclass(frozen=True)
class Look:
    """How a cell is drawn: the classes of its text, and whether foreground and background are swapped."""

    classes: tuple = ()
    is_inverse: bool = False


RENDITIONS = {"1": "strong", "2": "dim", "31": "bad", "32": "good", "35": "waiting", "36": "data"}
PLAIN = Look()
SEQUENCE = re.compile(r"\x1b\[(?P<private>\??)(?P<numbers>[0-9;]*)(?P<final>[A-Za-z])")


class Screen:
    """A terminal emulator for the output of `provisrd top`: positions, erasing, renditions."""

    def __init__(self):
        self.row = self.column = 0
        self.look = PLAIN
        self.cells = []
        self.erase()

    def erase(self):
        self.cells = [[(" ", PLAIN)] * COLUMNS for _ in range(ROWS)]

    def feed(self, text):
        at = 0
        while at < len(text):
            if sequence := SEQUENCE.match(text, at):
                self.control(sequence)
                at = sequence.end()
            else:
                self.put(text[at])
                at += 1

    def put(self, character):
        if character >= " " and self.row < ROWS and self.column < COLUMNS:
            self.cells[self.row][self.column] = (character, self.look)
            self.column += 1

    def control(self, sequence):
        numbers = [number for number in sequence["numbers"].split(";") if number]
        if sequence["private"]:
            return
        if sequence["final"] == "m":
            self.render(numbers)
        elif sequence["final"] == "H":
            self.row, self.column = (int(number) - 1 for number in (numbers + ["1", "1"])[:2])
        elif sequence["final"] == "K" and self.row < ROWS:
            self.cells[self.row][self.column:] = [(" ", PLAIN)] * (COLUMNS - self.column)
        elif sequence["final"] == "J":
            self.erase()

    def render(self, numbers):
        for number in numbers or ["0"]:
            if number == "0":
                self.look = PLAIN
            elif number == "7":
                self.look = dataclasses.replace(self.look, is_inverse=True)
            else:
                self.look = dataclasses.replace(self.look, classes=self.look.classes + (RENDITIONS[number],))

    def text(self):
        return "\n".join("".join(character for character, _ in row).rstrip() for row in self.cells)


def runs_of(row):
    """Yields (column, text, look) of adjacent cells that look the same."""
    begin = 0
    for at in range(1, len(row) + 1):
        if at == len(row) or row[at][1] != row[begin][1]:
            yield begin, "".join(character for character, _ in row[begin:at]), row[begin][1]
            begin = at


STYLE = """
text { font: 13px "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #d8dee4; }
.strong { font-weight: bold; fill: #ffffff; } .dim { fill: #8b949e; } .good { fill: #4ac26b; }
.bad { fill: #ff7b72; } .waiting { fill: #d2a8ff; } .data { fill: #56d4dd; } .inverse { fill: #11151b; }
"""

BLOCKS = {chr(0x2581 + level): (level + 1) / 8 for level in range(8)}


def block_marks(x, y, text):
    """Draws block characters as rectangles: their height differs between fonts."""
    marks = []
    for index, character in enumerate(text):
        if height := BLOCKS.get(character):
            size = height * (LINE_HEIGHT - 4)
            left = x + index * CELL_WIDTH
            marks.append(f"M{left:g} {y + 3:g}v{-size:g}h{CELL_WIDTH - 1:g}v{size:g}z")
    return "".join(marks)


def svg_run(x, y, text, look):
    """Draws a text that is as wide as its cells in every font."""
    if not text.strip() and not look.is_inverse:
        return ""
    parts = []
    classes = " ".join(look.classes)
    if look.is_inverse:
        parts.append(f'<rect x="{x:g}" y="{y - 13:g}" width="{len(text) * CELL_WIDTH:g}" '
                     f'height="{LINE_HEIGHT:g}" fill="#d8dee4"/>')
        classes = "inverse"
    if marks := block_marks(x, y, text):
        parts.append(f'<path class="{classes}" d="{marks}"/>')
    plain = "".join(" " if character in BLOCKS else character for character in text)
    indent = len(plain) - len(plain.lstrip())
    if shown := plain.strip():
        width = len(shown) * CELL_WIDTH
        parts.append(f'<text class="{classes}" x="{x + indent * CELL_WIDTH:g}" y="{y:g}" '
                     f'textLength="{width:g}" xml:space="preserve">{escape(shown)}</text>')
    return "".join(parts)


def picture(screen):
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * LINE_HEIGHT + 2 * MARGIN
    lines = [f'<svg xmlns="{SVG}" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
             'role="img" aria-label="provisrd top in a terminal">',
             f"<style>{STYLE}</style>",
             f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#11151b"/>']
    for index, row in enumerate(screen.cells):
        y = MARGIN + index * LINE_HEIGHT + 13
        runs = (svg_run(MARGIN + column * CELL_WIDTH, y, text, look) for column, text, look in runs_of(row))
        if line := "".join(runs):
            lines.append(line)
    return "\n".join(lines + ["</svg>", ""])


class Top:
    """A running `provisrd top` on a pseudo-terminal."""

    def __init__(self, program, url):
        self.screen = Screen()
        self.bytes = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            environment.pop("NO_COLOR", None)
            time.sleep(0.2)  # until the size is set
            os.execve(program, [str(program), "top", "--interval", "500ms", "--url", url], environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def look(self):
        """Reads the output so far and returns the text of the screen."""
        while select.select([self.terminal], [], [], 0)[0]:
            self.bytes += os.read(self.terminal, 65536)
        text = self.bytes.decode(errors="ignore")
        whole = max(text.rfind("\x1b[0m") + len("\x1b[0m"), 0)
        self.screen.feed(text[:whole])
        self.bytes = text[whole:].encode()
        return self.screen.text()

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def is_worth_a_picture(top):
    text = top.look()
    assert "memory grows" in text, text
    assert "waits to be restarted: ended" in text, text
    assert "mail has ended, is not restarted" in text, text
    chart = max(text.splitlines(), key=lambda line: sum(character in BLOCKS for character in line))
    assert sum(character in BLOCKS for character in chart) >= 20, text
    return True


def frame(build):
    port = daemons.free_port()
    with tempfile.TemporaryDirectory(prefix="provisr-top-") as folder:
        config = pathlib.Path(folder, "provisr.toml")
        config.write_text(CONFIG.format(port=port, load=build / "examples" / "demo_load"))
        program = build / "daemon" / "provisrd"
        with daemons.running([program, config], pathlib.Path(folder, "log")):
            url = f"http://127.0.0.1:{port}"
            daemons.eventually("it answers", lambda: daemons.fetch(f"{url}/healthz"))
            top = Top(program, url)
            try:
                daemons.eventually("a frame with all that it can show", lambda: is_worth_a_picture(top))
            finally:
                top.end()
    return top.screen


def check(svg):
    """Checks that the picture is well-formed, small and not empty."""
    root = xml.etree.ElementTree.fromstring(svg)
    text = "\n".join(element.text or "" for element in root.iter(f"{{{SVG}}}text"))
    for wanted in ("api (3)", "thumbnails", "memory grows", "running", "CPU CHART"):
        assert wanted in text, f"{wanted!r} is not in the picture"
    assert any(len(path.get("d", "")) > 200 for path in root.iter(f"{{{SVG}}}path")), "no chart is drawn"
    assert len(svg.encode()) < LARGEST_FILE, f"{len(svg.encode())} bytes"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    svg = picture(frame(build)).replace(str(build), "")
    check(svg)
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text(svg)


main()

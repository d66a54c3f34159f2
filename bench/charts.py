"""Draws the charts of docs/performance.md from benchmark results, as SVG, with gnuplot."""
import os
import shutil
import subprocess
import sys

STYLE = """
set terminal svg size 720,400 font 'sans-serif,13' background '#ffffff'
set border 3 lc rgb '#888888'
set tics nomirror tc rgb '#444444'
set grid ytics lc rgb '#dddddd'
set key outside bottom center horizontal reverse Left
set style line 1 lc rgb '#1f6feb' lw 3 pt 7 ps 0.8
set style line 2 lc rgb '#8b949e' lw 2 dt 2 pt 5 ps 0.6
set style line 3 lc rgb '#d1662a' lw 2 pt 9 ps 0.8
set style line 4 lc rgb '#9a3fb5' lw 2 pt 11 ps 0.8
"""


class Chart:
    """A chart of one benchmark: one line per counter over the sizes."""

    def __init__(self, file, title, benchmark, sizes, x_label, y_label, lines, scale, setup):
        self.file = file
        self.title = title
        self.benchmark = benchmark
        self.sizes = sizes
        self.labels = (x_label, y_label)
        self.lines = lines  # (counter, title, style)
        self.scale = scale
        self.setup = setup

    def draw(self, results, directory):
        blocks, plots = [], []
        for counter, title, style in self.lines:
            points = [(size, results.get(f"{self.benchmark}/{size}", counter)) for size in self.sizes]
            points = [(size, value) for size, value in points if value is not None]
            if not points:
                continue
            name = f"$line_{counter}"
            rows = "\n".join(f"{size} {value * self.scale}" for size, value in points)
            blocks.append(f"{name} << EOD\n{rows}\nEOD")
            plots.append(f"{name} using 1:2 with linespoints ls {style} title '{title}'")
        if not plots:
            return
        path = os.path.join(directory, self.file)
        script = "\n".join([STYLE, self.setup, f"set output '{path}'", f"set title '{self.title}'",
                            f"set xlabel '{self.labels[0]}'", f"set ylabel '{self.labels[1]}'",
                            *blocks, "plot " + ", ".join(plots)])
        subprocess.run(["gnuplot"], input=script, text=True, check=True)


CHARTS = [
    Chart("push.svg", "A push into a full history", "push", (100, 1_000, 10_000),
          "samples kept", "nanoseconds a push",
          [("shift_ns", "vector that shifts its elements", 3), ("ring_ns", "provisr RingBuffer", 1),
           ("bare_ns", "bare array (the limit)", 2)], 1, "set logscale xy"),
    Chart("tick.svg", "A tick, a process", "tick", (10, 100, 1_000, 3_000, 6_000),
          "processes", "microseconds a process",
          [("by_path_ns", "provisr beyond the descriptor budget", 3), ("tick_ns", "provisr", 1),
           ("bare_ns", "the four bare system calls (the limit)", 2)], 1e-3,
          "set logscale x\nset yrange [0:*]"),
    Chart("sampling.svg", "Sampling one process", "sample", (10, 100, 1_000, 6_000),
          "processes", "microseconds a process",
          [("naive_ns", "open, read, parse, close", 3), ("sampler_ns", "provisr", 1),
           ("bare_ns", "the four bare system calls (the limit)", 2)], 1e-3,
          "set logscale x\nset yrange [0:*]"),
    Chart("contention.svg", "Waiting for an answer while ticks go on", "waiting", (1, 2, 5, 10, 20),
          "reading threads", "microseconds",
          [("one_mutex_p99_ns", "one mutex, 99th percentile", 4), ("one_mutex_ns", "one mutex, mean", 3),
           ("ours_p99_ns", "provisr, 99th percentile", 2), ("ours_ns", "provisr, mean", 1)], 1e-3,
          "set logscale y"),
    Chart("exposition.svg", "A line of Prometheus exposition", "exposition", (10, 1_000, 10_000),
          "processes", "nanoseconds a line",
          [("prometheus_cpp_ns", "prometheus-cpp", 3), ("ours_ns", "provisr", 1),
           ("to_chars_ns", "plain to_chars (the limit)", 2)], 1, "set logscale xy"),
]


def draw_peers(peers, directory):
    """Draws a bar for each program on a logarithmic scale, the longest last."""
    costs = sorted((cost["microseconds"], name) for name, cost in peers["samplers"].items())
    rows = "\n".join(f'"{name}" {cost}' for cost, name in costs)
    setup = """set style fill solid
set boxwidth 0.6
set logscale y
set yrange [1:*]
unset key
set xtics rotate by -20"""
    script = "\n".join([STYLE, setup, f"set output '{os.path.join(directory, 'peers.svg')}'",
                        "set title 'CPU time a process and tick'", "set ylabel 'microseconds'",
                        f"$costs << EOD\n{rows}\nEOD",
                        "plot $costs using 0:2:xtic(1) with boxes ls 1, "
                        "'' using 0:2:(sprintf('%.1f', $2)) with labels offset 0,0.7"])
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def draw_charts(results, directory):
    if shutil.which("gnuplot") is None:
        print("charts.py: gnuplot is not installed, no charts are drawn", file=sys.stderr)
        return
    os.makedirs(directory, exist_ok=True)
    for chart in CHARTS:
        chart.draw(results, directory)
    if results.peers is not None:
        draw_peers(results.peers, directory)

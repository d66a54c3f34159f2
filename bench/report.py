#!/usr/bin/env python3
"""Makes one table and the charts from the results of bench/run.sh.

Every ratio comes from one run, in which the compared ways were measured in turn. A missed target
is shown as missed; the report does not fail.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys

from charts import draw_charts
from table_rows import COLLECT_WORDS, make_table, quotient, ratio_text

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The rows that the README shows, by the start of their first column.
HIGHLIGHTS = ("sample one of 1,000 processes", "tick, a process of 1,000 that have not run",
              "push into a full ring of 1,000", "a line of the exposition of 1,000",
              "/metrics of 1,000 processes", "a new client beside 2,000 slow ones")


# What each word of `collect` makes a tick do.
COLLECT_WORK = {
    "io": "one file opened, read and closed",
    "faults": "one file",
    "switches": "a directory listing, and one file per thread",
    "peak": "one file",
    "pss": "a check whether a reading is there. The reading itself, every 30 s, takes milliseconds of "
           "another thread",
    "limits": "one file, every 10 s",
}


class Results:
    """The results of a run. Benchmarks are found by the first two parts of their names."""

    def __init__(self, directory):
        self.benchmarks = {}
        self.context = {}
        for file in sorted(os.listdir(directory)):
            if file.endswith("_bench.json"):
                self._read(os.path.join(directory, file))
        self.serve = self._optional(directory, "serve.json")
        self.daemon_cpu = self._optional(directory, "daemon_cpu.json")
        self.scenarios = self._optional(directory, "scenarios.json")
        self.peers = self._optional(directory, "peers.json")

    @staticmethod
    def _optional(directory, file):
        path = os.path.join(directory, file)
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as text:
            return json.load(text)

    def _read(self, path):
        with open(path, encoding="utf-8") as text:
            content = json.load(text)
        self.context = content["context"]
        for benchmark in content["benchmarks"]:
            if benchmark.get("error_occurred"):
                sys.exit(f"report.py: {benchmark['name']}: {benchmark.get('error_message')}")
            self.benchmarks["/".join(benchmark["name"].split("/")[:2])] = benchmark

    def get(self, name, counter):
        return self.benchmarks.get(name, {}).get(counter)


def markdown(rows):
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)


def highlights(rows):
    """Returns the first row of each highlight, up to the column of the other way."""
    chosen = [next(row for row in rows if row[0].startswith(start)) for start in HIGHLIGHTS]
    return markdown(row[:4] for row in [*rows[:2], *chosen])


def collect_costs(results):
    """Returns what each word of `collect` adds to a tick, as a multiple of the bare calls."""
    name = "collect/100"
    bare, without = results.get(name, "bare_ns"), results.get(name, "tick_ns")
    lines = ["| word | adds | for |", "|---|---|---|"]
    for word in COLLECT_WORDS:
        cost = results.get(name, f"{word}_ns")
        added = quotient(cost - without, bare) if None not in (cost, without) else None
        text = "–" if added is None else f"{max(added, 0):.2g} ×"
        lines.append(f"| `{word}` | {text} | {COLLECT_WORK[word]} |")
    return "\n".join(lines)


def aligned(rows):
    """Formats the table for a terminal."""
    rows = [cells for cells in rows if cells[0] != "---"]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()
             for cells in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def peers_markdown(peers):
    lines = ["| program | CPU time a process and tick | beside ours |", "| --- | --- | --- |"]
    for name, cost in peers["samplers"].items():
        beside = "" if name == cost["beside"] else f"{ratio_text(cost['ratio'])} {cost['beside']}"
        lines.append(f"| {name} | {cost['microseconds']:.2f} µs | {beside} |")
    if peers["promhttp"]:
        rates = peers["promhttp"]
        lines += ["", "| server | answers a second | |", "| --- | --- | --- |",
                  f"| provisrd | {rates['provisrd']:,.0f} | |",
                  f"| promhttp | {rates['promhttp']:,.0f} | 1 / {rates['ratio']:.0f} |"]
    return "\n".join(lines)


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine(results):
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        model = re.search(r"model name\s*:\s*(.*)", text.read())
    cpus = results.context.get("num_cpus", os.cpu_count())
    return (f"{model.group(1) if model else platform.machine()}, {cpus} CPUs; "
            f"Linux {platform.release().split('-')[0]}; {first_line(['c++', '--version'])}; "
            f"{results.context.get('date', '')[:10]}.")


def update_between(path, name, content):
    """Replaces the text between the marker lines of `name` in a Markdown file."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        sys.exit(f"report.py: {path} has no markers for {name}")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n{content}\n{end}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results")
    parser.add_argument("--update-docs", action="store_true")
    options = parser.parse_args()
    results = Results(options.results)
    rows = make_table(results)
    print(aligned(rows))
    print(f"\n{machine(results)}")
    if options.update_docs:
        page = os.path.join(ROOT, "docs", "performance.md")
        update_between(page, "machine", machine(results))
        update_between(page, "table", markdown(rows))
        update_between(os.path.join(ROOT, "README.md"), "highlights", highlights(rows))
        update_between(os.path.join(ROOT, "docs", "platforms.md"), "collect costs",
                       collect_costs(results))
        if results.peers is not None:
            update_between(page, "peers", peers_markdown(results.peers))
        draw_charts(results, os.path.join(ROOT, "docs", "charts"))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures how much disk and memory the series of provisrd need in Prometheus and in VictoriaMetrics: the
figures of docs/fleet.md. It is not a test. It takes some minutes and up to a gigabyte of memory.

usage: tests/e2e/store_sizes.py BUILD

Disk: both stores import a day of 20 processes with a sample every 15 s. The series are those of a running
provisrd. The values are generated: first for idle processes, then for processes whose figures all move.
Memory: both stores scrape 10 targets every 15 s, with the series of 100 processes each, then of 1,000. The
result is the difference of the resident sizes divided by that of the series. Values move at each scrape.
"""
import contextlib
import http.server
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from daemons import eventually, fetch, free_port, need, prometheus, provisrd, running

need("prometheus", "promtool", "victoria-metrics")
STEP = 15
DAY = 86400
TARGETS = 10
SCRAPES = 12


class Walk:
    """The values of one series: constant, or changing like the figure."""

    def __init__(self, series, value, moves):
        self.series = series
        self.value = value
        moves = moves and not re.search(r"_(info|up|start_time_seconds|restarts_total|exits_total|virtual)", series)
        self.step = self.stay
        if moves:
            kinds = {"cpu_seconds": self.ticks, "cpu_percent": self.any, "memory": self.pages,
                     "bytes": self.pages, "num_": self.seldom}
            self.step = next((step for part, step in kinds.items() if part in series), self.stay)

    def stay(self):
        return self.value

    def ticks(self):
        self.value = round(self.value + random.randint(0, 1500) / 100, 2)
        return self.value

    def any(self):
        return random.randint(0, 1500) / 15

    def pages(self):
        if random.random() < 0.5:
            self.value = max(4096, self.value + 4096 * random.randint(-20, 20))
        return self.value / 1048576 if "memory_mb" in self.series else self.value

    def seldom(self):
        if random.random() < 0.05:
            self.value = max(1, self.value + random.choice((-1, 1)))
        return self.value


def read_walks(text, moves):
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("provisr_process_"))
    return [Walk(series, float(value), moves) for series, value in lines]


def series_of(build, folder, count):
    """Returns /metrics of a provisrd with `count` children."""
    processes = f'[[processes]]\nname = "app"\ninstances = {count}\nargs = ["sleep", "1000"]\n'
    with provisrd(build, folder, processes) as (_, metrics):
        def said():
            text = fetch(f"http://{metrics}/metrics")[0].decode()
            return text if text.count("provisr_process_num_threads{") == count else None
        return eventually("all processes", said)


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def write_day(path, text, moves):
    """Writes a day as OpenMetrics, one family after another. Returns the number of samples."""
    begin = int(time.time()) // DAY * DAY - DAY
    samples = 0
    with open(path, "w", encoding="utf-8") as file:
        for walk in sorted(read_walks(text, moves), key=lambda walk: walk.series):
            for at in range(begin, begin + DAY, STEP):
                file.write(f"{walk.series} {walk.step():.16g} {at}\n")
                samples += 1
        file.write("# EOF\n")
    return samples


@contextlib.contextmanager
def victoria(folder, *options):
    address = f"127.0.0.1:{free_port()}"
    command = ["victoria-metrics", f"-storageDataPath={folder}/victoria", f"-httpListenAddr={address}",
               "-retentionPeriod=1y", "-loggerLevel=WARN", *options]
    with running(command, os.path.join(folder, "victoria.log")):
        eventually("VictoriaMetrics", lambda: fetch(f"http://{address}/health"))
        yield address


def measure_disk(folder, text, moves):
    day = os.path.join(folder, "day")
    samples = write_day(day, text, moves)
    blocks = os.path.join(folder, "blocks")
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", day, blocks],
                   check=True, stdout=subprocess.DEVNULL)
    with victoria(folder) as address:
        with open(day, "rb") as file:
            body = b"\n".join(line + b"000" for line in file.read().split(b"\n") if line and line[:1] != b"#")
        urllib.request.urlopen(f"http://{address}/api/v1/import/prometheus", body, timeout=300).close()
    stored = size_of(f"{folder}/victoria/data") + size_of(f"{folder}/victoria/indexdb")
    print(f"disk, {'moving' if moves else 'constant'}: {samples} samples; bytes a sample:"
          f" Prometheus {size_of(blocks) / samples:.2f}, VictoriaMetrics {stored / samples:.2f}", flush=True)


class Target(http.server.BaseHTTPRequestHandler):
    walks = []

    def do_GET(self):  # pylint: disable=invalid-name
        body = "".join(f"{walk.series} {walk.step():.16g}\n" for walk in self.walks).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


def figure(url, name):
    return float(re.search(rf"^{name} (\S+)", fetch(url)[0].decode(), re.MULTILINE).group(1))


def measure_memory(folder, processes, server):
    """Returns the number of series and the resident bytes of each store after some scrapes."""
    targets = ", ".join(f"'{server.server_name}{i}:80'" for i in range(TARGETS))
    port = server.server_address[1]
    config = os.path.join(folder, "scrape.yml")
    pathlib.Path(config).write_text(
        f"global: {{scrape_interval: {STEP}s}}\nscrape_configs:\n- job_name: provisrd\n"
        f"  static_configs: [{{targets: [{targets}]}}]\n  relabel_configs:\n"
        f"  - {{source_labels: [__address__], target_label: instance}}\n"
        f"  - {{target_label: __address__, replacement: '127.0.0.1:{port}'}}\n", encoding="utf-8")
    series = TARGETS * len(Target.walks)
    sizes = []
    with prometheus(folder, config) as store, victoria(folder, f"-promscrape.config={config}") as address:
        time.sleep(STEP * SCRAPES)
        for url in (f"{store.url}/metrics", f"http://{address}/metrics"):
            sizes.append(figure(url, "process_resident_memory_bytes"))
    print(f"memory: {TARGETS} targets, {processes} processes each, {series} series:"
          f" Prometheus {sizes[0] / 1e6:.0f} MB, VictoriaMetrics {sizes[1] / 1e6:.0f} MB", flush=True)
    return series, sizes


def main(build):
    with tempfile.TemporaryDirectory() as folder:
        text = series_of(build, folder, 20)
        for moves in (False, True):
            with tempfile.TemporaryDirectory() as data:
                measure_disk(data, text, moves)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        results = []
        for processes in (100, 1000):
            Target.walks = read_walks(series_of(build, folder, processes), True)
            with tempfile.TemporaryDirectory() as data:
                results.append(measure_memory(data, processes, server))
        (few, small), (many, large) = results
        for name, before, after in zip(("Prometheus", "VictoriaMetrics"), small, large):
            print(f"memory a series: {name} {(after - before) / (many - few):.0f} bytes")


if __name__ == "__main__":
    main(sys.argv[1])

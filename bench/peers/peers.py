#!/usr/bin/env python3
"""Compares provisrd with the programs that one would use instead, for the same work.

For each sampler: its CPU time per process and tick, over ticks of PROCESSES sleeping processes,
measured from outside by the kernel's CPU clock of the whole program. For promhttp: answers per
second under wrk, in turn with provisrd. Programs that are not installed are left out with a message.
Prints one table; --json FILE keeps it for bench/report.py.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import serve  # noqa: E402  (these modules are files of this repository)
from daemon_cpu import microseconds_a_process  # noqa: E402


class Missing(Exception):
    """A program that is not installed."""


class Setting:
    """The parameters that all measurements share."""

    def __init__(self, build, directory, processes, ticks):
        self.build = build
        self.directory = directory
        self.processes = processes
        self.ticks = ticks

    def peer(self, name):
        path = os.path.join(self.build, "peers", name)
        if not os.path.exists(path):
            raise Missing(f"{name} is not built")
        return path


def measure_commanded(setting, command):
    """Measures one of the sampler programs of this folder, which tick on command."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        def tick(count):
            program.stdin.write(f"{count}\n")
            program.stdin.flush()
            if program.stdout.readline() != "done\n":
                raise RuntimeError(f"{command[0]} ended")
        if program.stdout.readline() != "ready\n":
            raise RuntimeError(f"{command[0]} does not start")
        tick(2)
        done = [0]

        def run():
            tick(setting.ticks)
            done[0] += setting.ticks
        result = microseconds_a_process(program.pid, setting.processes, lambda: done[0], run)
        program.stdin.close()
        return result


@contextlib.contextmanager
def running_provisrd(setting, interval):
    config = serve.write_config(setting.directory, setting.processes)
    api_port, metrics_port = serve.free_port(), serve.free_port()
    url = f"http://127.0.0.1:{metrics_port}/metrics"
    command = serve.provisrd_command(setting.build, config, api_port, metrics_port)
    with serve.running([*command, "--interval", interval]) as daemon:
        serve.wait_for(url, lambda body: body.count(b"_num_fds{") == setting.processes)
        yield daemon, url


def measure_provisrd(setting):
    def ticks(url):
        return int(re.search(rb"^provisr_ticks_total (\d+)", serve.get(url), re.M).group(1))
    with running_provisrd(setting, "100ms") as (daemon, url):
        return microseconds_a_process(daemon.pid, setting.processes, lambda: ticks(url),
                                      lambda: time.sleep(setting.ticks / 10))


def measure_library(setting):
    return measure_commanded(setting, [os.path.join(setting.build, "bench", "provisr_sampler"),
                                       setting.directory])


def measure_psutil(setting):
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import psutil"], capture_output=True, check=False).returncode:
        raise Missing("python3-psutil is not installed")
    return measure_commanded(setting, [python, os.path.join(HERE, "psutil_sampler.py"),
                                       setting.directory])


def measure_gopsutil(setting):
    return measure_commanded(setting, [setting.peer("gopsutil_sampler"), setting.directory])


def measure_process_exporter(setting):
    """A scrape is a tick. process-exporter reads all processes of the machine, also the few others."""
    port = serve.free_port()
    config = os.path.join(setting.directory, "process-exporter.yml")
    with open(config, "w", encoding="ascii") as file:
        file.write('process_names:\n  - name: "{{.Comm}}-{{.PID}}"\n    comm: [sleepers]\n')
    command = [setting.peer("prometheus-process-exporter"), "-config.path", config,
               "-web.listen-address", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}/metrics"
    with serve.running(command, stderr=subprocess.DEVNULL) as program:
        serve.wait_for(url, lambda body: b"namedprocess_namegroup_num_procs" in body)
        scrapes = [0]

        def scrape():
            for _ in range(max(3, setting.ticks // 10)):
                serve.get(url)
                scrapes[0] += 1
        return microseconds_a_process(program.pid, setting.processes, lambda: scrapes[0], scrape)


def measure_netdata(setting):
    """apps.plugin ticks once a second. It, too, reads all processes of the machine."""
    plugin = setting.peer("apps.plugin")
    environment = {**os.environ, "NETDATA_USER_CONFIG_DIR": os.path.dirname(plugin),
                   "NETDATA_STOCK_CONFIG_DIR": os.path.dirname(plugin)}
    output = os.path.join(setting.directory, "apps.plugin.out")

    def ticks():
        with open(output, encoding="utf-8") as text:
            return text.read().count("BEGIN apps.cpu ")
    with open(output, "w", encoding="utf-8") as file, \
            serve.running([plugin, "1"], stdin=subprocess.PIPE, stdout=file,
                          stderr=subprocess.DEVNULL, env=environment) as program:
        time.sleep(3)
        return microseconds_a_process(program.pid, setting.processes, ticks,
                                      lambda: time.sleep(max(5, setting.ticks // 10)))


# The libraries only sample; the programs do all of their work.
LIBRARY, PROGRAM = "provisr, the library", "provisrd"
SAMPLERS = [(LIBRARY, measure_library, LIBRARY), ("psutil", measure_psutil, LIBRARY),
            ("gopsutil", measure_gopsutil, LIBRARY), (PROGRAM, measure_provisrd, PROGRAM),
            ("netdata apps.plugin", measure_netdata, PROGRAM),
            ("process-exporter", measure_process_exporter, PROGRAM)]


def measure_samplers(setting):
    results = {}
    for name, measure, beside in SAMPLERS:
        try:
            cost = measure(setting)
            ours = results[beside]["microseconds"] if beside in results else cost
            results[name] = {"microseconds": cost, "beside": beside, "ratio": cost / ours}
        except Missing as missing:
            print(f"peers: {name} is left out: {missing}", file=sys.stderr)
    return results


def measure_promhttp(setting, rounds):
    """Measures the answers per second of provisrd and of promhttp, in turn."""
    port = serve.free_port()
    theirs = f"http://127.0.0.1:{port}/metrics"
    command = [setting.peer("promhttp_server"), f"127.0.0.1:{port}", str(setting.processes)]
    with serve.running(command), running_provisrd(setting, "5s") as (_, ours):
        serve.wait_for(theirs, lambda body: body.count(b"_num_fds{") == setting.processes)
        rates = [(serve.requests_per_second(ours, 2), serve.requests_per_second(theirs, 2))
                 for _ in range(rounds)]
    return {"provisrd": statistics.median(rate[0] for rate in rates),
            "promhttp": statistics.median(rate[1] for rate in rates),
            "ratio": statistics.median(rate[0] / rate[1] for rate in rates)}


def print_table(results):
    print(f"CPU time a process and tick, {results['processes']} processes")
    for name, cost in results["samplers"].items():
        beside = "" if name == cost["beside"] else f"{cost['ratio']:9.1f} × {cost['beside']}"
        print(f"  {name:<22}{cost['microseconds']:9.2f} µs{beside}")
    if results["promhttp"] is not None:
        rates = results["promhttp"]
        print(f"/metrics of {results['processes']} processes, 4 connections, answers a second")
        print(f"  {'provisrd':<22}{rates['provisrd']:9.0f}")
        print(f"  {'promhttp':<22}{rates['promhttp']:9.0f}{rates['ratio']:12.1f} × less")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, \
            serve.sleepers(options.build, options.processes, directory):
        setting = Setting(options.build, directory, options.processes, options.ticks)
        results = {"processes": options.processes, "samplers": measure_samplers(setting),
                   "promhttp": None}
        try:
            if shutil.which("wrk") is None:
                raise Missing("wrk is not installed")
            results["promhttp"] = measure_promhttp(setting, options.rounds)
        except Missing as missing:
            print(f"peers: promhttp is left out: {missing}", file=sys.stderr)
    print_table(results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=2)


if __name__ == "__main__":
    main()

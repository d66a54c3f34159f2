#!/usr/bin/env python3
"""Compares the CPU time per process and tick of the whole daemon with that of its library alone.

Both watch the same sleeping processes ten times a second. The rounds measure them in turn, from
outside, by the kernel's CPU clock of the whole program. Prints a JSON object. The argument is the
build directory of bench/run.sh.
"""
import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

from serve import free_port, get, provisrd_command, running, sleepers, wait_for, write_config

INTERVAL_MS = 100
SETTLE_SECONDS = 12  # the daemon keeps rereading PID files while they are new


def cpu_seconds(pid):
    """Returns the CPU time of a whole process, including exited threads, in nanosecond resolution."""
    return time.clock_gettime((~pid << 3) | 2)  # the clock ID of clock_getcpuclockid(3)


def microseconds_a_process(pid, processes, count_ticks, wait):
    ticks, cpu = count_ticks(), cpu_seconds(pid)
    wait()
    cpu = cpu_seconds(pid) - cpu  # before the question, whose answer costs the daemon a scrape
    ticks = count_ticks() - ticks
    if ticks < 1:
        raise RuntimeError("no tick went by")
    return cpu * 1e6 / ticks / processes


@contextlib.contextmanager
def library(build, directory):
    """Runs a program that only ticks. Yields its PID and a function that returns its ticks."""
    command = [os.path.join(build, "bench", "provisr_sampler"), directory, str(INTERVAL_MS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as program:
        def ticks():
            program.stdin.write("\n")
            program.stdin.flush()
            return int(program.stdout.readline())
        if program.stdout.readline() != "ready\n":
            raise RuntimeError("the library's program does not start")
        yield program.pid, ticks
        program.stdin.close()


@contextlib.contextmanager
def daemon(build, directory, processes):
    config = write_config(directory, processes)
    api_port, metrics_port = free_port(), free_port()
    url = f"http://127.0.0.1:{metrics_port}/metrics"
    command = [*provisrd_command(build, config, api_port, metrics_port),
               "--interval", f"{INTERVAL_MS}ms"]

    def ticks():
        return int(re.search(rb"^provisr_ticks_total (\d+)", get(url), re.M).group(1))
    with running(command) as program:
        wait_for(url, lambda body: body.count(b"_num_fds{") == processes)
        yield program.pid, ticks


def measure(build, processes, rounds, seconds):
    costs = {"library": [], "daemon": []}
    with tempfile.TemporaryDirectory() as directory, sleepers(build, processes, directory), \
            library(build, directory) as alone, daemon(build, directory, processes) as whole:
        time.sleep(SETTLE_SECONDS)
        for turn in range(rounds):
            order = [("library", alone), ("daemon", whole)]
            for name, (pid, ticks) in order if turn % 2 == 0 else reversed(order):
                costs[name].append(microseconds_a_process(pid, processes, ticks,
                                                          lambda: time.sleep(seconds)))
    ratios = [whole / alone for whole, alone in zip(costs["daemon"], costs["library"])]
    return {"processes": processes, "ratio": statistics.median(ratios),
            **{f"{name}_us": statistics.median(values) for name, values in costs.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(measure(options.build, options.processes, options.rounds, options.seconds),
                     indent=2))


if __name__ == "__main__":
    main()

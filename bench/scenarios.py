#!/usr/bin/env python3
"""Measures the real daemon under load: slow clients, a thousand children, children that crash or flap.

Prints a JSON object. The argument is the build directory of bench/run.sh. Each comparison is made
within one run.
"""
import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from serve import (answers, free_port, get, memory_mb, provisrd_command, running, wait_for,
                   write_config, sleepers)

SLOW_CLIENTS = 2000
CHILDREN = 1000
FLAPPING = 15
WAIT_SECONDS = 120


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise RuntimeError(f"{count} descriptors are needed, the limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def wait_until(is_so):
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("waited in vain")
        time.sleep(0.02)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def slow_client(port, index):
    """Opens a client that idles, sends half a request, or sends requests and never reads: in turn."""
    client = socket.create_connection(("127.0.0.1", port))
    if index % 3 == 1:
        client.sendall(b"GET /metrics HT")
    if index % 3 == 2:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4)
    return client


def new_client_ms(port):
    begun = time.monotonic()
    if not answers(port):
        raise RuntimeError("a new client is not answered")
    return (time.monotonic() - begun) * 1000


def crowd(build, clients, requests):
    with tempfile.TemporaryDirectory() as directory, sleepers(build, 10, directory), \
            contextlib.ExitStack() as stack:
        config = write_config(directory, 10)
        with open(config, encoding="utf-8") as text:
            content = text.read().replace("[metrics]\n", "[metrics]\nmax_connections = 10000\n", 1)
        with open(config, "w", encoding="utf-8") as text:
            text.write(content)
        port = free_port()
        daemon = stack.enter_context(running(provisrd_command(build, config, free_port(), port)))
        wait_for(f"http://127.0.0.1:{port}/metrics", lambda body: body.count(b"_num_fds{") == 10)
        before = memory_mb(daemon.pid, "VmRSS")
        for index in range(clients):
            stack.enter_context(slow_client(port, index))
        times = [new_client_ms(port) for _ in range(requests)]
        grown = memory_mb(daemon.pid, "VmRSS") - before
    return {"clients": clients, "p99_ms": percentile(times, 0.99), "median_ms": statistics.median(times),
            "kib_each": grown * 1024 / clients}


def bare_start_seconds(count):
    """Measures fork and exec alone: the lower bound of starting children."""
    begun = time.monotonic()
    programs = [subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL) for _ in range(count)]
    elapsed = time.monotonic() - begun
    for program in programs:
        program.kill()
    for program in programs:
        program.wait()
    return elapsed


def write_children(directory, quiet, flapping=0):
    path = os.path.join(directory, "provisr.toml")
    with open(path, "w", encoding="utf-8") as config:
        config.write('[metrics.process_metrics]\ninterval = "5s"\n')
        config.write(f'[[processes]]\nname = "quiet"\ncommand = "sleep 1000"\ninstances = {quiet}\n'
                     'start_duration = "0s"\n')
        if flapping:
            config.write('[[processes]]\nname = "flapping"\ncommand = "sleep 0.3"\n'
                         f'instances = {flapping}\nauto_restart = true\nrestart_interval = "200ms"\n'
                         'start_duration = "0s"\n')
    return path


def states(port):
    processes = json.loads(get(f"http://127.0.0.1:{port}/api/status"))["processes"]
    return [process["state"] for process in processes]


@contextlib.contextmanager
def children(build, quiet, flapping=0):
    with tempfile.TemporaryDirectory() as directory:
        config = write_children(directory, quiet, flapping)
        api_port, metrics_port = free_port(), free_port()
        begun = time.monotonic()
        with running(provisrd_command(build, config, api_port, metrics_port)) as daemon:
            while not answers(metrics_port):
                time.sleep(0.001)
            first_answer = time.monotonic() - begun
            wait_until(lambda: states(api_port).count("running") >= quiet)
            yield daemon, first_answer, time.monotonic() - begun


def start(build, count, rounds):
    first, ratios, all_running = [], [], []
    for _ in range(rounds):
        bare = bare_start_seconds(count)
        with children(build, count) as (_, first_answer, elapsed):
            first.append(first_answer)
            all_running.append(elapsed)
            ratios.append(elapsed / bare)
    return {"children": count, "first_answer_ms": statistics.median(first) * 1000,
            "all_running_ms": statistics.median(all_running) * 1000,
            "over_bare": statistics.median(ratios)}


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def flapping(build, quiet, count, seconds):
    with children(build, quiet, count) as (daemon, _, _):
        begun = cpu_seconds(daemon.pid)
        time.sleep(seconds)
        used = cpu_seconds(daemon.pid) - begun
    return {"quiet": quiet, "flapping": count, "cpu_percent": 100 * used / seconds}


def children_of(pid):
    found = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as children_file:
            found.update(children_file.read().split())
    return found


@contextlib.contextmanager
def traced(pid, file):
    """Writes the system calls of a process and of its new children to a file, by strace."""
    with running(["strace", "-f", "-q", "-o", file, "-p", str(pid)], stderr=subprocess.DEVNULL):
        wait_until(lambda: all(tracer_of(pid, task) != "0"
                               for task in os.listdir(f"/proc/{pid}/task")))
        yield


def tracer_of(pid, task):
    with open(f"/proc/{pid}/task/{task}/status", encoding="utf-8") as status:
        return next(line.split()[1] for line in status if line.startswith("TracerPid:"))


def calls_during(daemon, file, event):
    """Counts the system calls of provisrd's threads during `event`. Those of strace's start are included."""
    tasks = set(os.listdir(f"/proc/{daemon.pid}/task"))
    with traced(daemon.pid, file):
        event()
    with open(file, encoding="utf-8", errors="replace") as lines:
        fields = (line.split(maxsplit=1) for line in lines)
        return sum(task in tasks and text[0] not in "<+-" for task, text in fields)


def write_crashing(directory, quiet):
    path = os.path.join(directory, "crashing.toml")
    with open(path, "w", encoding="utf-8") as config:
        config.write('[metrics.process_metrics]\nenabled = false\n'
                     f'[[processes]]\nname = "quiet"\ncommand = "sleep 1000"\ninstances = {quiet}\n'
                     '[[processes]]\nname = "crashing"\ncommand = "sleep 2000"\n'
                     'auto_restart = true\nrestart_interval = "100ms"\n')
    return path


def crash(build, count):
    """Counts the system calls that the crash of one child and its restart cost provisrd."""
    if shutil.which("strace") is None:
        print("scenarios.py: strace is not installed, no crash is measured", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as directory:
        config, port = write_crashing(directory, count - 1), free_port()
        with running(provisrd_command(build, config, port, free_port())) as daemon:
            url = f"http://127.0.0.1:{port}/api/status"
            wait_for(url, lambda body: body.count(b'"state":"running"') == count)
            first = json.loads(get(f"{url}?name=crashing"))["processes"][0]["pid"]
            known = children_of(daemon.pid)
            victims = [str(first)]

            def crash_once():
                os.kill(int(victims[-1]), signal.SIGKILL)
                wait_until(lambda: len(children_of(daemon.pid) - known) == 1)
                victims.extend(children_of(daemon.pid) - known)
                known.add(victims[-1])
                time.sleep(2)  # what follows the restart counts, too

            def crash_twice():
                crash_once()
                crash_once()

            calls = os.path.join(directory, "calls")
            once = calls_during(daemon, calls, crash_once)
            return {"children": count,
                    "system_calls": calls_during(daemon, calls, crash_twice) - once}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    allow_descriptors(SLOW_CLIENTS + 100)
    result = {"crowd": crowd(options.build, SLOW_CLIENTS, 100 * options.rounds),
              "start": start(options.build, CHILDREN, options.rounds),
              "crash": crash(options.build, CHILDREN),
              "flapping": flapping(options.build, CHILDREN, FLAPPING, options.seconds)}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

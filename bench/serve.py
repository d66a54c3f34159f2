#!/usr/bin/env python3
"""Measures how fast the real daemon answers, and what it needs when idle.

wrk requests /metrics and /api/metrics of PROCESSES sleeping processes over four connections. The
comparison is the bare cpp-httplib server that answers a fixed string of the same size. The rounds
measure both in turn, so that the ratio comes from one run. Prints a JSON object. The argument is
the build directory of bench/run.sh.
"""
import argparse
import contextlib
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

CONNECTIONS = 4


def free_port():
    # Below the default range of ephemeral ports, which the system gives to clients.
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def running(command, **options):
    program = subprocess.Popen(command, **options)
    try:
        yield program
    finally:
        program.terminate()
        try:
            program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


@contextlib.contextmanager
def sleepers(build, count, directory):
    """Runs COUNT sleeping processes, whose PID files are 1.pid ... in the directory."""
    command = [os.path.join(build, "bench", "sleepers"), str(count), directory]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if program.stdout.readline() != "ready\n":
            raise RuntimeError(f"cannot start {count} processes")
        yield
    finally:
        program.stdin.close()
        program.wait()


def write_config(directory, count):
    path = os.path.join(directory, "provisr.toml")
    with open(path, "w", encoding="utf-8") as config:
        config.write('[metrics]\nenabled = true\n[metrics.process_metrics]\nenabled = true\n')
        config.write('interval = "5s"\n')
        for i in range(1, count + 1):
            config.write(f'[[processes]]\nname = "service{(i - 1) // 10}-{(i - 1) % 10}"\n')
            config.write(f'pid_file = "{directory}/{i}.pid"\n')
    return path


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


def wait_for(url, is_good, seconds=60.0, pause=0.05):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            body = get(url)
            if is_good(body):
                return body
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(pause)
    raise RuntimeError(f"{url} does not answer as expected")


def provisrd_command(build, config, api_port, metrics_port):
    return [os.path.join(build, "daemon", "provisrd"), config,
            "--listen", f"127.0.0.1:{api_port}", "--metrics-listen", f"127.0.0.1:{metrics_port}",
            "--log-level", "error"]


def requests_per_second(url, seconds, headers):
    output = subprocess.run(
        ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", *headers, url],
        check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"wrk had errors at {url}:\n{output}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output).group(1))


def compare_with_fixed_string(build, url, body, rounds, seconds, headers=()):
    port = free_port()
    fixed_url = f"http://127.0.0.1:{port}/metrics"
    server = [os.path.join(build, "bench", "fixed_string_server"), str(port), str(len(body))]
    with running(server):
        wait_for(fixed_url, lambda answer: len(answer) == len(body))
        ours, fixed = [], []
        for turn in range(rounds):
            order = [(url, ours), (fixed_url, fixed)]
            for target, results in order if turn % 2 == 0 else reversed(order):
                results.append(requests_per_second(target, seconds, headers))
    return {"bytes": len(body), "ours_per_second": statistics.median(ours),
            "fixed_per_second": statistics.median(fixed),
            "ours_over_fixed": statistics.median(o / f for o, f in zip(ours, fixed))}


def serve(build, processes, rounds, seconds):
    with tempfile.TemporaryDirectory() as directory, sleepers(build, processes, directory):
        config = write_config(directory, processes)
        api_port, metrics_port = free_port(), free_port()
        metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        api = f"http://127.0.0.1:{api_port}/api/metrics"
        with running(provisrd_command(build, config, api_port, metrics_port)):
            text = wait_for(metrics, lambda body: body.count(b"_num_fds{") == processes)
            answer = wait_for(api, lambda body: len(json.loads(body)) == processes)
            gzip = {"Accept-Encoding": "gzip"}
            with urllib.request.urlopen(urllib.request.Request(metrics, headers=gzip)) as packed:
                gzipped = packed.read()
            return {"gzip": compare_with_fixed_string(build, metrics, gzipped, rounds, seconds,
                                                      ("-H", "Accept-Encoding: gzip")),
                    "metrics": compare_with_fixed_string(build, metrics, text, rounds, seconds),
                    "api": compare_with_fixed_string(build, api, answer, rounds, seconds)}


def memory_mb(pid, kind):
    """Returns VmRSS, all resident memory, or RssAnon, without pages of files such as libraries."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(kind + r":\s+(\d+)", status.read()).group(1)) / 1024


def answers(port):
    """Whether /metrics is answered. Uses a bare socket: urllib would take as long as the daemon."""
    with socket.socket() as connection:
        if connection.connect_ex(("127.0.0.1", port)) != 0:
            return False
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        return connection.recv(16).startswith(b"HTTP/1.")


def start_once(build, config, expected):
    api_port, metrics_port = free_port(), free_port()
    begun = time.monotonic()
    with running(provisrd_command(build, config, api_port, metrics_port)) as daemon:
        while not answers(metrics_port):
            if daemon.poll() is not None:
                raise RuntimeError("provisrd ended at once")
            time.sleep(0.0002)
        elapsed = time.monotonic() - begun
        wait_for(f"http://127.0.0.1:{metrics_port}/metrics",
                 lambda body: body.count(b"_num_fds{") == expected)
        time.sleep(1)
        return (elapsed * 1000, memory_mb(daemon.pid, "VmRSS"), memory_mb(daemon.pid, "RssAnon"))


def idle(build, starts):
    processes = 10
    with tempfile.TemporaryDirectory() as directory, sleepers(build, processes, directory):
        config = write_config(directory, processes)
        results = [start_once(build, config, processes) for _ in range(starts)]
    return {"first_answer_ms": statistics.median(r[0] for r in results),
            "resident_mb": max(r[1] for r in results),
            "anonymous_mb": max(r[2] for r in results)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("serve.py: wrk is not installed")
    result = serve(options.build, options.processes, options.rounds, options.seconds)
    result["idle"] = idle(options.build, options.rounds)
    result["processes"] = options.processes
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Checks /metrics of a running provisrd with promtool, the reference parsers and Prometheus.

usage: tests/e2e/exposition.py BUILD
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

from daemons import eventually, fetch, need, prometheus, provisrd, skip

need("promtool", "prometheus")
try:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
    from prometheus_client.parser import text_string_to_metric_families as parse_text
except ImportError:
    skip("prometheus_client is not installed (tests/run.sh e2e installs it)")

OPENMETRICS = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.5"
# Existing dashboards use this name, so this complaint of promtool is accepted.
KNOWN_OBJECTION = "provisr_process_memory_mb metric names should not contain abbreviated units\n"
PROCESSES = """
[[processes]]
name = "app"
instances = 2
args = ["sleep", "1000"]
[[processes]]
name = "busy"
command = "while :; do :; done"
[[processes]]
name = "gone"
auto_restart = false
args = ["false"]
"""


def families_of(parse, text):
    return {family.name: family for family in parse(text)}


def samples_of(families, name):
    return {tuple(sorted(sample.labels.items())): sample.value
            for family in families.values() for sample in family.samples if sample.name == name}


def check_formats(url):
    """Both formats have the same content, gzipped or not, and the reference parsers accept them."""
    text, headers = fetch(url)
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers
    openmetrics, headers = fetch(url, {"Accept": OPENMETRICS})
    assert headers["Content-Type"].endswith("version=1.0.0; charset=utf-8; escaping=allow-utf-8"), headers
    assert headers["Vary"] == "Accept, Accept-Encoding"
    as_text = families_of(parse_text, text.decode())
    as_openmetrics = families_of(parse_openmetrics, openmetrics.decode())
    assert set(as_text) == set(as_openmetrics), set(as_text) ^ set(as_openmetrics)
    for name in ("provisr_process_up", "provisr_process_restarts_total", "provisr_process_exits_total",
                 "provisr_process_info", "provisr_process_resident_memory_bytes"):
        assert samples_of(as_openmetrics, name), name
        assert set(samples_of(as_text, name)) == set(samples_of(as_openmetrics, name)), name
    for family in as_openmetrics.values():
        for sample in family.samples:
            assert sample.timestamp is None and not sample.name.endswith("_created"), sample
            assert not {"pid", "command", "args"} & set(sample.labels), sample
    packed, headers = fetch(url, {"Accept": OPENMETRICS, "Accept-Encoding": "gzip"})
    if headers["Content-Encoding"] == "gzip":
        assert len(packed) < len(openmetrics) / 4
        unpacked = families_of(parse_openmetrics, gzip.decompress(packed).decode())
        assert set(unpacked) == set(as_openmetrics)
    return text


def check_with_promtool(text):
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert said.stderr.decode() + said.stdout.decode() in ("", KNOWN_OBJECTION), said


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def check_prometheus(folder, target, busy):
    """`busy` is the PID of the process with that name."""
    config = os.path.join(folder, "prometheus.yml")
    with open(config, "w", encoding="utf-8") as text:
        text.write("global: {scrape_interval: 1s}\nscrape_configs:\n"
                   f"- job_name: provisrd\n  static_configs: [{{targets: ['{target}']}}]\n")
    with prometheus(folder, config) as server:
        eventually("the target is up", lambda: server.query("up == 1"))
        up = eventually("all processes", lambda: server.query("provisr_process_up")
                        if len(server.query("provisr_process_up")) == 4 else None)
        assert {labels["name"]: value for labels, value in up} == {
            "app-1": 1, "app-2": 1, "busy": 1, "gone": 0}, up
        counter, used = 'provisr_process_cpu_seconds_total{name="busy"}', cpu_seconds(busy)
        told = eventually("the CPU time that a process has used",
                          lambda: [value for _, value in server.query(counter) if value >= used])
        assert told[0] <= cpu_seconds(busy) + 0.02, (told, used)
        eventually("the busy process is seen to be busy",
                   lambda: 0 < server.query(f"rate({counter}[10s])")[0][1] < 1.1)
        exits = server.query('provisr_process_exits_total{name="gone",result="exit-code"}')
        assert exits[0][1] == 1, exits
        types = {name: entries[0]["type"] for name, entries in server.get("metadata").items()}
        counter = types.get("provisr_process_cpu_seconds", types.get("provisr_process_cpu_seconds_total"))
        assert counter == "counter", types
        assert server.query("scrape_samples_scraped")[0][1] > 50


def main(build):
    with tempfile.TemporaryDirectory() as folder, provisrd(build, folder, PROCESSES) as (api, metrics):
        url = f"http://{metrics}/metrics"
        eventually("the program has ended", lambda: b'{name="gone",result="exit-code"} 1' in fetch(url)[0]
                   and b'resident_memory_bytes{name="busy"}' in fetch(url)[0])
        check_with_promtool(check_formats(url))
        status = json.loads(fetch(f"http://{api}/api/status?name=busy")[0])
        check_prometheus(folder, metrics, status["processes"][0]["pid"])
    example = os.path.join(build, "examples", "exposition")
    for option, parse in (([], parse_text), (["--openmetrics"], parse_openmetrics)):
        own = subprocess.run([example, str(os.getpid()), *option], capture_output=True, check=True, text=True)
        queue = samples_of(families_of(parse, own.stdout), "myapp_jobs_total")
        assert queue == {(("queue", 'mail "fast"'),): 1200}, own.stdout
    print("passed")


if __name__ == "__main__":
    main(sys.argv[1])

#!/usr/bin/env python3
"""Tests examples/monitoring: checks all files with promtool and amtool, and runs every query of the rules
and of the dashboard on a Prometheus that scrapes a running provisrd.

usage: tests/e2e/monitoring.py BUILD
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from daemons import ROOT, eventually, need, prometheus, provisrd

need("promtool", "prometheus", "amtool")
EXAMPLES = ROOT / "examples" / "monitoring"
PROCESSES = """
[[processes]]
name = "app"
instances = 2
args = ["sleep", "1000"]
[[processes]]
name = "loop"
auto_restart = true
restart_interval = "100ms"
max_restart_interval = "100ms"
command = "sleep 0.3; exit 3"
[[processes]]
name = "gone"
auto_restart = false
args = ["false"]
"""
# In this test, provisrd and its host have no problems, no limits are collected, no memory grows and there is
# one site.
MAY_BE_EMPTY = ("provisr_process_max_fds", "predict_linear", "process_open_fds", "up{job", "provisr_ticks_late_total",
                "num_threads > 0.9", "changes(process_start", "provisr:site_hosts:count")
VARIABLES = {"$host": ".*", "$base": ".*", "$name": ".*", "$__rate_interval": "10s", "$__interval": "5s"}


def check(*command):
    said = subprocess.run(command, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def quicker(text):
    """Returns rules for a short test: ranges of minutes and hours become 20s, every `for` becomes 1s."""
    text = re.sub(r"\[\d+[mh]\]", "[20s]", text)
    return re.sub(r"^( +for:) .*$", r"\1 1s", text, flags=re.MULTILINE)


def write_configuration(folder, target):
    """Writes the example for one host with this target and short intervals. Returns its path."""
    config = (EXAMPLES / "prometheus.yml").read_text()
    config = config.replace("localhost:9090", target).replace("15s", "1s")
    path = os.path.join(folder, "prometheus.yml")
    with open(path, "w", encoding="utf-8") as text:
        text.write(config)
    with open(os.path.join(folder, "provisr.rules.yml"), "w", encoding="utf-8") as text:
        text.write(quicker((EXAMPLES / "provisr.rules.yml").read_text()))
    return path


def queries_of_dashboard():
    dashboard = json.loads((EXAMPLES / "grafana" / "dashboards" / "provisr.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [annotation["expr"] for annotation in dashboard["annotations"]["list"]]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            queries.append(re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"]).group(1))
    assert len(queries) > 20
    return queries


def substituted(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return re.sub(r"\[(5m|10m|1h)\]", "[20s]", query)


def check_answers(server):
    """Each query returns samples, unless it is about something that does not happen in this test."""
    for query in queries_of_dashboard():
        eventually(f"an answer to {query}", lambda asked=substituted(query): server.query(asked))
    rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) >= 12
    for rule in rules:
        if any(part in rule["query"] for part in MAY_BE_EMPTY):
            server.query(rule["query"])
        else:
            eventually(f"an answer to {rule['query']}", lambda asked=rule["query"]: server.query(asked))
    for rule in (rule for group in server.get("rules")["groups"] for rule in group["rules"]):
        assert rule["health"] in ("ok", "unknown"), rule


def check_values(server):
    eventually("the restart loop is told of", lambda: server.query(
        'ALERTS{alertname="ProvisrRestartLoop",name="loop",alertstate="firing"}'))
    eventually("the process that is down is told of", lambda: server.query(
        'ALERTS{alertname="ProvisrProcessDown",name="gone",alertstate="firing"}'))
    assert not server.query('ALERTS{name=~"app.*",alertstate="firing"}')
    ratios = {labels["base"]: value for labels, value in server.query("provisr:base_up:ratio")}
    assert ratios["app"] == 1 and ratios["gone"] == 0, ratios
    memory = {labels["base"]: value for labels, value in server.query("provisr:base_resident_memory_bytes:sum")}
    assert memory["app"] > 500_000, memory


def main(build):
    check("promtool", "check", "config", "prometheus.yml")
    check("promtool", "check", "config", "--agent", "prometheus-fleet.yml")
    check("promtool", "check", "rules", "provisr.rules.yml")
    check("promtool", "test", "rules", "provisr.rules.test.yml")
    check("amtool", "check-config", "alertmanager.yml")
    with tempfile.TemporaryDirectory() as folder:
        with provisrd(build, folder, PROCESSES) as (_, metrics):
            with prometheus(folder, write_configuration(folder, metrics)) as server:
                eventually("the target is up", lambda: server.query("up == 1"))
                check_answers(server)
                check_values(server)
    print("passed")


if __name__ == "__main__":
    main(sys.argv[1])

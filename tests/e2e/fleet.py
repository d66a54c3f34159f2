#!/usr/bin/env python3
"""Tests a small fleet as docs/fleet.md describes it: three hosts with a provisrd each, each in its own
network namespace; two sites with a Prometheus agent each, configured as in examples/monitoring;
VictoriaMetrics as the store, vmalert with the rules, Alertmanager and a receiver of alerts. A process is
killed, a host is disconnected and comes back, then a site with its agent.

usage: tests/e2e/fleet.py BUILD
"""
import contextlib
import http.server
import json
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.request

from daemons import ROOT, Prometheus, eventually, fetch, has_not_ended, need, provisrd, running
from monitoring import quicker
from network import INSIDE, enter_namespace, hosts

need("prometheus", "victoria-metrics", "vmalert", "prometheus-alertmanager")
EXAMPLES = ROOT / "examples" / "monitoring"
TOKEN = "only-for-this-test"
PROCESSES = """
[[processes]]
name = "app"
instances = 2
auto_restart = false
args = ["sleep", "1000"]
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def replaced(text, changes):
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Desk(http.server.BaseHTTPRequestHandler):
    """The inventory from which agents get their hosts, and the receiver of Alertmanager."""

    inventory = {}
    told = []

    def answer(self, content_type, body):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # pylint: disable=invalid-name
        known = self.inventory.get(self.path)
        if known is None:
            self.answer("text/html", b"<p>somebody is working on it</p>")
        else:
            self.answer("application/json", json.dumps([{"targets": known}] if known else []).encode())

    def do_POST(self):  # pylint: disable=invalid-name
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.told.extend((alert["status"], alert["labels"]) for alert in said["alerts"])
        self.answer("text/plain", b"")

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def desk(address):
    host, port = address.split(":")
    with http.server.ThreadingHTTPServer((host, int(port)), Desk) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


@contextlib.contextmanager
def service(folder, name, command, ready, enter=()):
    with running([*enter, *command], os.path.join(folder, f"{name}.log")) as program:
        eventually(name, lambda: has_not_ended(program) and fetch(ready))
        yield


def own_figure(address, name):
    """Returns the sum of all series of this name in the program's own /metrics."""
    lines = fetch(f"http://{address}/metrics")[0].decode().splitlines()
    values = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
    assert values, f"{address} does not tell {name}"
    return sum(values)


class Fleet:
    """All programs of the fleet and their addresses."""

    def __init__(self, build, folder, machines, stack):
        self.build, self.folder, self.stack = build, folder, stack
        self.centre, *self.hosts = machines
        self.store = self.centre.at(8428)
        self.alertmanager = self.centre.at(9093)
        self.desk = self.centre.at(8000)
        self.server = Prometheus(self.store)
        self.api, self.metrics, self.agents, self.rules = {}, {}, {}, None
        stack.enter_context(desk(self.desk))
        self.start_store()
        for host in self.hosts:
            self.start_daemon(host)
        web_1, web_2, db_1 = self.hosts
        # Both the file and the inventory list web-1.
        Desk.inventory = {"/north": [self.metrics[web_1], self.metrics[web_2]], "/south": []}
        self.start_agent("north", self.centre, [self.metrics[web_1]])
        self.start_agent("south", db_1, [self.metrics[db_1]])
        self.start_rules()

    def start(self, name, command, ready, enter=()):
        self.stack.enter_context(service(self.folder, name, command, ready, enter))

    def start_store(self):
        self.start("store", [
            "victoria-metrics", f"-httpListenAddr={self.store}", "-search.latencyOffset=1s", "-loggerLevel=WARN",
            f"-storageDataPath={self.folder}/store"], f"http://{self.store}/health")
        receiver = f"receivers:\n  - name: nobody\n    webhook_configs: [{{url: 'http://{self.desk}/'}}]"
        config = replaced((EXAMPLES / "alertmanager.yml").read_text(), {
            "receivers:\n  - name: nobody": receiver, "group_wait: 30s": "group_wait: 1s\n  group_interval: 1s"})
        self.start("alertmanager", [
            "prometheus-alertmanager", f"--config.file={write(self.folder, 'alertmanager.yml', config)}",
            f"--web.listen-address={self.alertmanager}", "--cluster.listen-address=",
            f"--storage.path={self.folder}/alertmanager"], f"http://{self.alertmanager}/-/ready")

    def start_rules(self):
        """Starts vmalert. Called last: without any host it would alert at once."""
        eventually("six processes", lambda: len(self.server.query("provisr_process_up == 1")) == 6)
        rules = write(self.folder, "provisr.rules.yml", quicker((EXAMPLES / "provisr.rules.yml").read_text()))
        self.rules = self.centre.at(8880)
        self.start("vmalert", [
            "vmalert", f"-rule={rules}", f"-datasource.url=http://{self.store}", "-evaluationInterval=1s",
            f"-notifier.url=http://{self.alertmanager}", f"-remoteWrite.url=http://{self.store}",
            "-remoteWrite.flushInterval=1s", "-datasource.queryStep=15s", f"-httpListenAddr={self.rules}", "-loggerLevel=WARN"],
            f"http://{self.rules}/health")

    def start_daemon(self, host):
        token = write(self.folder, "token", TOKEN)
        os.chmod(token, 0o600)
        addresses = (host.at(8080), host.at(9090))
        self.api[host], self.metrics[host] = self.stack.enter_context(provisrd(
            self.build, self.folder, PROCESSES, host.name, addresses, token, host.enter))

    def start_agent(self, site, host, targets):
        os.mkdir(os.path.join(self.folder, site))
        write(self.folder, f"{site}/targets.json", json.dumps([{"targets": targets}]))
        config = write(self.folder, f"{site}.yml", replaced((EXAMPLES / "prometheus-fleet.yml").read_text(), {
            "scrape_interval: 15s": "scrape_interval: 1s", "amsterdam": site, "targets/*.json": f"{site}/*.json",
            "http://inventory.example.org/provisrd.json": f"http://{self.desk}/{site}",
            "refresh_interval: 1m": "refresh_interval: 1s",
            "http://store.example.org:8428/api/v1/write": f"http://{self.store}/api/v1/write\n    remote_timeout: 2s"}))
        self.agents[site] = host.at(9091)
        self.start(f"agent-{site}", [
            "prometheus", "--enable-feature=agent", f"--config.file={config}", "--log.level=warn",
            f"--web.listen-address={self.agents[site]}", f"--storage.agent.path={self.folder}/{site}/wal"],
            f"http://{self.agents[site]}/-/ready", host.enter)

    def instance(self, host):
        """Returns the label `instance` of the host, as the example configuration sets it."""
        return self.metrics[host].removesuffix(":9090")

    def status(self, host):
        return json.loads(fetch(f"http://{self.api[host]}/api/status")[0])["processes"]

    def start_process(self, host, name):
        request = urllib.request.Request(f"http://{self.api[host]}/api/start?name={name}", method="POST",
                                         headers={"Authorization": f"Bearer {TOKEN}"})
        urllib.request.urlopen(request, timeout=20).close()

    def values(self, query, *labels):
        return {tuple(series.get(label) for label in labels): value for series, value in self.server.query(query)}

    def agent_counts(self, site, name):
        return own_figure(self.agents[site], name)

    def active_alerts(self):
        """Returns the alerts that Alertmanager neither silences nor inhibits: {(name, instance or site)}."""
        body, _ = fetch(f"http://{self.alertmanager}/api/v2/alerts?active=true&silenced=false&inhibited=false")
        return {(alert["labels"]["alertname"], alert["labels"].get("instance", alert["labels"].get("site")))
                for alert in json.loads(body)}


def is_all_well(fleet):
    up = fleet.values("provisr_process_up", "site", "instance", "name")
    web_1, web_2, db_1 = (fleet.instance(host) for host in fleet.hosts)
    places = [("north", web_1), ("north", web_2), ("south", db_1)]
    assert up == {(*place, name): 1 for place in places for name in ("app-1", "app-2")}, up
    assert not fleet.active_alerts(), fleet.active_alerts()
    return True


def check_values(fleet):
    """Queries over all sites return the same values as the daemons themselves."""
    eventually("six processes at three hosts, and no alert", lambda: is_all_well(fleet))

    def memory_is_right():
        own = {}
        for host in fleet.hosts:
            samples = json.loads(fetch(f"http://{fleet.api[host]}/api/metrics")[0])
            own |= {(fleet.instance(host), name): sample["memory_rss"] for name, sample in samples.items()}
        stored = fleet.values("provisr_process_resident_memory_bytes", "instance", "name")
        assert stored == own and len(own) == 6, (stored, own)
        total = fleet.server.query("sum(provisr_process_resident_memory_bytes)")[0][1]
        assert total == sum(own.values()), (total, own)
        return True
    eventually("the memory of all processes", memory_is_right)
    eventually("threads by site", lambda: fleet.values("sum by (site) (provisr_process_num_threads)", "site")
               == {("north",): 4, ("south",): 2})
    eventually("groups by host", lambda: len(fleet.server.query("provisr:base_up:ratio == 1")) == 3)
    eventually("hosts by site", lambda: fleet.values("provisr:site_hosts:count", "site")
               == {("north",): 2, ("south",): 1})
    assert not fleet.server.query("provisr_process_cpu_percent"), "the example drops it"
    # A host in both lists is scraped only once.
    for counter in ("prometheus_target_scrapes_sample_duplicate_timestamp_total",
                    "prometheus_target_scrapes_sample_out_of_order_total"):
        assert fleet.agent_counts("north", counter) == 0, counter


def check_rules(fleet):
    """The store understands the queries of all rules."""
    for name in ("vmalert_recording_rules_error", "vmalert_alerting_rules_error"):
        eventually(name, lambda asked=name: own_figure(fleet.rules, asked) == 0)


def check_broken_lists(fleet):
    """With an invalid inventory and a truncated file, the agents keep their hosts."""
    path = os.path.join(fleet.folder, "north", "targets.json")
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    write(fleet.folder, "north/targets.json", whole[:-3])
    known, Desk.inventory = Desk.inventory, {}
    for counter in ("prometheus_sd_file_read_errors_total", "prometheus_sd_http_failures_total"):
        eventually(counter, lambda name=counter: fleet.agent_counts("north", name) > 0)
    eventually("all is well with broken lists", lambda: is_all_well(fleet))
    Desk.inventory = known
    write(fleet.folder, "north/targets.json", whole)


def check_killed_process(fleet, host):
    instance = fleet.instance(host)
    pid = next(process["pid"] for process in fleet.status(host) if process["name"] == "app-1")
    os.kill(pid, signal.SIGKILL)

    def told(status):
        return [labels for said, labels in Desk.told if said == status
                and (labels["alertname"], labels.get("instance")) == ("ProvisrProcessDown", instance)]
    labels = eventually("somebody is told of the process", lambda: told("firing"))[0]
    assert labels["name"] == "app-1" and labels["site"] == "north" and labels["severity"] == "critical", labels
    eventually("no other alert", lambda: fleet.active_alerts() == {("ProvisrProcessDown", instance)})
    eventually("one process is down", lambda: fleet.values("provisr_process_up == 0", "instance", "name")
               == {(instance, "app-1"): 0})
    signalled = 'provisr_process_exits_total{result="signal"} > 0'
    eventually("its end is counted", lambda: fleet.values(signalled, "instance", "name") == {(instance, "app-1"): 1})
    fleet.start_process(host, "app-1")
    eventually("somebody is told of its return", lambda: told("resolved"))
    eventually("all is well after the return", lambda: is_all_well(fleet))


def counters(fleet, host):
    return fleet.values(f'provisr_process_restarts_total{{instance="{fleet.instance(host)}"}}', "name")


def check_cut_off_host(fleet, host):
    """There is an alert for the host but none for its processes, whose state is unknown. Other hosts are unaffected."""
    instance = fleet.instance(host)
    before = counters(fleet, host)
    pids = [process["pid"] for process in fleet.status(host)]
    host.set_link("down")
    try:
        eventually("an alert about the host", lambda: ("ProvisrScrapeMissing", instance) in fleet.active_alerts())
        eventually("its processes are not known any more", lambda: not counters(fleet, host))
        eventually("no other alert", lambda: fleet.active_alerts() == {("ProvisrScrapeMissing", instance)})
        places = {place for place, in fleet.values("provisr_process_up == 1", "instance")}
        assert places == {fleet.instance(other) for other in fleet.hosts if other is not host}, places
    finally:
        host.set_link("up")
    eventually("all is well after the host's return", lambda: is_all_well(fleet))
    assert [process["pid"] for process in fleet.status(host)] == pids
    eventually("the counters go on", lambda: counters(fleet, host) == before)


def check_cut_off_site(fleet, host):
    """The agent is cut off with its host: there is an alert for the site, and the gap is filled later."""
    host.set_link("down")
    cut = time.time()
    try:
        eventually("an alert about the site", lambda: ("ProvisrSiteMissing", "south") in fleet.active_alerts())
        eventually("no other alert", lambda: fleet.active_alerts() == {("ProvisrSiteMissing", "south")})
        missing = time.time() - cut
    finally:
        host.set_link("up")
    eventually("all is well after the site's return", lambda: is_all_well(fleet))

    def gap_is_filled():
        query = {"query": 'up{site="south"}[10m]'}
        stored = [float(at) for at, value in fleet.server.get("query", **query)["result"][0]["values"] if value == "1"]
        held_back = [at for at in stored if cut < at < cut + missing]
        assert len(held_back) >= missing / 2, (len(held_back), missing)
        return True
    eventually("what the agent kept", gap_is_filled)


def step(began, check, *arguments):
    check(*arguments)
    print(f"{time.monotonic() - began:5.1f} s: {check.__name__}", flush=True)


def main(build):
    enter_namespace()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        machines = stack.enter_context(hosts("web-1", "web-2", "db-1"))
        fleet = Fleet(build, folder, machines, stack)
        web_1, web_2, db_1 = fleet.hosts
        step(began, check_values, fleet)
        step(began, check_rules, fleet)
        step(began, check_broken_lists, fleet)
        step(began, check_killed_process, fleet, web_1)
        if os.environ.get(INSIDE):
            step(began, check_cut_off_host, fleet, web_2)
            step(began, check_cut_off_site, fleet, db_1)
            step(began, check_rules, fleet)
    print("passed" if os.environ.get(INSIDE) else "passed, but on loopback: no host was cut off")


if __name__ == "__main__":
    main(sys.argv[1])

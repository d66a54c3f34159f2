#!/usr/bin/env python3
"""A fleet in small, as docs/fleet.md describes it: three provisrd, two Prometheus agents of two sites, one
store that they write to, which has the rules. A process is killed, a host falls silent and comes back.

usage: tests/e2e/fleet.py BUILD
"""
import contextlib
import json
import os
import signal
import sys
import tempfile

from daemons import ROOT, eventually, fetch, free_port, need, prometheus, provisrd, running
from monitoring import quicker

need("prometheus")
RULES = ROOT / "examples" / "monitoring" / "provisr.rules.yml"
PROCESSES = """
[[processes]]
name = "app"
instances = 2
args = ["sleep", "1000"]
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@contextlib.contextmanager
def agent(folder, site, targets, store):
    """A Prometheus that keeps nothing: it finds its hosts in a file and sends on what they say."""
    write(folder, f"{site}.json", json.dumps([{"targets": targets}]))
    config = write(folder, f"{site}.yml", f"""
global:
  scrape_interval: 1s
  external_labels: {{site: {site}}}
scrape_configs:
  - job_name: provisrd
    file_sd_configs: [{{files: ['{site}.json']}}]
remote_write:
  - url: {store.url}/api/v1/write
""")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", "--enable-feature=agent", f"--config.file={config}",
               f"--web.listen-address={address}", f"--storage.agent.path={os.path.join(folder, site)}",
               "--log.level=warn"]
    with running(command, os.path.join(folder, f"{site}.log")):
        eventually(f"the agent of {site}", lambda: fetch(f"http://{address}/-/ready"))
        yield


def values(server, query):
    return {(labels["site"], labels["instance"], labels.get("name")): value
            for labels, value in server.query(query)}


def fires(server, alert, instance):
    return server.query(f'ALERTS{{alertname="{alert}",instance="{instance}",alertstate="firing"}}')


def pid_of(api, name):
    body, _ = fetch(f"http://{api}/api/status?name={name}")
    return json.loads(body)["processes"][0]["pid"]


def check_fleet(server, hosts):
    def all_up():
        up = values(server, "provisr_process_up")
        return len(up) == 6 and set(up.values()) == {1} and up
    sites = {(site, instance) for site, instance, _ in eventually("six processes at three hosts", all_up)}
    assert sites == {("north", hosts[0]), ("north", hosts[1]), ("south", hosts[2])}, sites
    eventually("groups by host", lambda: len(server.query("provisr:base_up:ratio == 1")) == 3)
    assert not server.query('ALERTS{alertstate="firing"}')


def check_killed_process(server, host, api):
    os.kill(pid_of(api, "app-1"), signal.SIGKILL)  # not restarted: auto_restart is not set
    eventually("an alert about the process", lambda: fires(server, "ProvisrProcessDown", host))
    down = values(server, "provisr_process_up == 0")
    assert {(instance, name) for _, instance, name in down} == {(host, "app-1")}, down


def check_silent_host(server, folder, build):
    """A host falls silent: it is told of, and nothing that it said is taken for current. The others go on."""
    addresses = (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
    metrics = addresses[1]

    def is_known():
        return len(server.query(f'provisr_process_up{{instance="{metrics}"}} == 1')) == 2
    write(folder, "south.json", json.dumps([{"targets": [metrics]}]))
    with provisrd(build, folder, PROCESSES, "returning", addresses):
        eventually("the new host", is_known)
    eventually("an alert about the host", lambda: fires(server, "ProvisrScrapeMissing", metrics))
    assert not server.query(f'provisr_process_up{{instance="{metrics}"}}'), "stale"
    assert not fires(server, "ProvisrProcessDown", metrics)
    assert len(server.query('provisr_process_up{site="north"}')) == 4
    with provisrd(build, folder, PROCESSES, "returning", addresses):
        eventually("the host again", is_known)
        eventually("the end of the alert", lambda: not fires(server, "ProvisrScrapeMissing", metrics))
        restarts = server.query(f'provisr_process_restarts_total{{instance="{metrics}"}}')
        assert [value for _, value in restarts] == [0, 0], restarts


def main(build):
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(provisrd(build, folder, PROCESSES, f"host{i}")) for i in range(3)]
        write(folder, "provisr.rules.yml", quicker(RULES.read_text()))
        config = write(folder, "store.yml", "global: {evaluation_interval: 1s}\nrule_files: [provisr.rules.yml]\n")
        store = stack.enter_context(prometheus(folder, config, "--web.enable-remote-write-receiver"))
        targets = [metrics for _, metrics in hosts]
        stack.enter_context(agent(folder, "north", targets[:2], store))
        stack.enter_context(agent(folder, "south", targets[2:], store))
        check_fleet(store, targets)
        check_killed_process(store, targets[0], hosts[0][0])
        check_silent_host(store, folder, build)
    print("passed")


if __name__ == "__main__":
    main(sys.argv[1])

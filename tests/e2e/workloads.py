#!/usr/bin/env python3
"""Compares provisrd with an independent reader of /proc for real process trees: a parallel build, nginx
under load and PostgreSQL under pgbench.

usage: tests/e2e/workloads.py BUILD [make | nginx | postgresql]...
"""
import calendar
import concurrent.futures
import contextlib
import dataclasses
import glob
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

import proc_reader
from daemons import eventually, fetch, free_port, provisrd, skip

COLLECT = '["io", "faults", "switches", "peak", "pss", "limits"]'
INTERVAL = 0.25
EXACT = ("num_processes", "num_threads", "num_fds", "memory_vms", "memory_rss", "memory_swap", "max_fds",
         "major_faults", "io_read_bytes", "io_write_bytes")
SWITCHES = ("voluntary_switches", "involuntary_switches")


@dataclasses.dataclass
class Moment:
    cpu_seconds: float
    timestamp: str


class Watched:
    """A process tree that provisrd watches."""

    def __init__(self, api, metrics, name):
        self.api, self.metrics, self.name = f"http://{api}/api", f"http://{metrics}/metrics", name
        self.leader = eventually(f"{name} runs", lambda: self.sample()["pid"])
        self.peak = 0

    def get(self, path):
        return json.loads(fetch(f"{self.api}/{path}")[0])

    def sample(self):
        return self.get(f"metrics?name={self.name}")

    def history(self):
        return self.get(f"metrics/history?name={self.name}")["history"]

    def cpu_seconds(self):
        line = f'provisr_process_cpu_seconds_total{{name="{self.name}"}} '
        text = fetch(self.metrics)[0].decode()
        return float(text[text.index("\n" + line) + 1 + len(line):].split("\n", 1)[0])

    def compare(self, where, are_switches_whole):
        """Stops the tree and compares all figures that do not depend on the time. Returns the moment of the
        comparison."""
        with proc_reader.frozen(self.leader) as members:
            eventually(f"{where}: provisrd tells what /proc does",
                       lambda: self.check_frozen(members, are_switches_whole))
            sums = proc_reader.figures(members)
            moment = self.moment()
        print(f"{where}: {sums['num_processes']} processes, {sums['num_threads']} threads, "
              f"{sums['memory_rss'] >> 20} MiB, {sums['cpu_seconds']:.2f} s of CPU, "
              f"{sums['io_read_bytes'] >> 10} KiB read, {sums['io_write_bytes'] >> 10} KiB written, "
              f"{sums['major_faults']} faults: equal", flush=True)
        return moment

    def moment(self):
        """Returns CPU time and timestamp of a sample, after a whole interval in which the tree was stopped."""
        before = self.sample()["timestamp"]
        middle = eventually("a tick", lambda: self.later_than(before))
        return Moment(self.cpu_seconds(), eventually("a tick", lambda: self.later_than(middle)))

    def later_than(self, timestamp):
        now = self.sample()["timestamp"]
        return now if now != timestamp else None

    def check_frozen(self, members, are_switches_whole):
        sums = proc_reader.figures(members)
        sample = self.sample()
        told = {key: sample.get(key) for key in EXACT}
        added = {key: sums[key] for key in EXACT}
        assert told == added, [(key, told[key], added[key]) for key in EXACT if told[key] != added[key]]
        for key in SWITCHES:
            is_right = sample[key] == sums[key] if are_switches_whole else sample[key] >= sums[key]
            assert is_right, (key, sample[key], sums[key])
        self.check_peak(sample, sums)
        self.check_cpu(sums, len(members))
        return True

    def check_peak(self, sample, sums):
        self.peak = max(self.peak, sums["memory_rss"], sums["largest_peak"])
        assert sample["memory_peak"] >= self.peak, (sample["memory_peak"], self.peak)

    def check_cpu(self, sums, members):
        """/proc rounds user and system time down to a clock tick, for each member and separately for its
        children."""
        told = self.cpu_seconds()
        tick = 1 / proc_reader.TICKS_PER_SECOND
        assert -2 * tick * members - 0.02 <= told - sums["cpu_seconds"] <= 4 * tick * members + 0.02, (
            told, sums["cpu_seconds"], members)

    def check_rates(self, begin, end):
        """A rate is CPU time per time: their sum over time is the CPU time used between two moments."""
        history = [sample for sample in self.history() if begin.timestamp <= sample["timestamp"] <= end.timestamp]
        times = [time_of(sample) for sample in history]
        added = sum(sample["cpu_percent"] / 100 * (now - before)
                    for sample, before, now in zip(history[1:], times, times[1:]))
        used = end.cpu_seconds - begin.cpu_seconds
        assert used > 0.5, f"the workload used only {used} s"
        assert abs(added - used) <= 0.02 * used + 0.02, (added, used)
        print(f"{self.name}: cpu_percent over time makes {added:.2f} s, cpu_seconds_total {used:.2f} s")


def time_of(sample):
    whole, _, fraction = sample["timestamp"].rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


@contextlib.contextmanager
def watched(build, folder, name, process):
    with provisrd(build, folder, f"""collect = {COLLECT}
max_history = 10000
[[processes]]
name = "{name}"
{process}
""", interval=f"{int(INTERVAL * 1000)}ms") as (api, metrics):
        yield Watched(api, metrics, name)


# --- make: hundreds of short workers

def need(*programs):
    for program in programs:
        if shutil.which(program) is None and not os.access(f"/usr/sbin/{program}", os.X_OK):
            return f"{program} is not installed (cmake/bootstrap.sh --e2e installs it)"
    return None


SOURCES = 120


def write_sources(folder):
    for index in range(SOURCES):
        functions = "".join(f"int f{index}_{n}(int x) {{ int s = x; for (int i = 0; i < {n + 3}; ++i) "
                            f"s += s * i ^ {n}; return s; }}\n" for n in range(40))
        (folder / f"source{index}.c").write_text("#include <stdio.h>\n#include <stdlib.h>\n" + functions)
    (folder / "Makefile").write_text(
        "OBJECTS := $(patsubst %.c,%.o,$(wildcard *.c))\n"
        "library.a: $(OBJECTS)\n\tar rcs $@ $^\n%.o: %.c\n\tcc -O1 -c $< -o $@\n")


def check_make(build, folder):
    write_sources(folder)
    go, done = folder / "go", folder / "done"
    script = (f"while [ ! -e {go} ]; do sleep 0.05; done; make -s -j4 -C {folder} && touch {done}; "
              "while :; do sleep 1000; done")
    with watched(build, folder, "build", f'args = ["sh", "-c", "{script}"]') as tree:
        begin = tree.compare("make, not begun", False)
        go.touch()
        workers = set()
        for moment in range(3):
            eventually("the build is under way", lambda: len(list(folder.glob("*.o"))) > 35 * moment)
            tree.compare(f"make, stopped at {len(list(folder.glob('*.o')))} of {SOURCES} objects", False)
        eventually("the build is done", lambda: workers.update(proc_reader.tree(tree.leader)) or done.exists())
        end = tree.compare("make, done", False)
        print(f"make: {len(workers)} workers were seen in passing")
        tree.check_rates(begin, end)


# --- nginx

def write_uncached(file, content):
    """Writes a file and drops it from the page cache, so that the first read is from storage, except on tmpfs."""
    with open(file, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
        os.posix_fadvise(output.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def check_nginx(build, folder):
    write_uncached(folder / "page", os.urandom(200_000))
    port = free_port()
    is_root = os.geteuid() == 0
    (folder / "nginx.conf").write_text(f"""{'user root;' if is_root else ''}
worker_processes 3;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  access_log {folder}/access.log;
  server {{ listen 127.0.0.1:{port}; root {folder}; gzip on; gzip_types *; gzip_comp_level 9; }}
}}
""")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"])
    try:
        pid_file = folder / "nginx.pid"
        eventually("nginx runs", lambda: fetch(f"http://127.0.0.1:{port}/page") and pid_file.exists())
        with watched(build, folder, "nginx", f'pid_file = "{pid_file}"') as tree:
            begin = tree.compare("nginx, before the load", True)
            compare_under_load(tree, port)
            end = tree.compare("nginx, at rest", True)
            assert tree.sample()["num_processes"] == 4
            tree.check_rates(begin, end)
            check_proportional_size(tree)
    finally:
        server.terminate()
        server.wait(timeout=20)


def load_nginx(port, seconds):
    deadline = time.monotonic() + seconds
    count = 0
    while time.monotonic() < deadline:
        fetch(f"http://127.0.0.1:{port}/page", {"Accept-Encoding": "gzip"})
        count += 1
    return count


def compare_under_load(tree, port):
    with concurrent.futures.ThreadPoolExecutor(4) as clients:
        answers = [clients.submit(load_nginx, port, 6) for _ in range(4)]
        for moment in range(3):
            time_out = time.monotonic() + 1
            eventually("the load goes on", lambda: time.monotonic() > time_out)
            tree.compare(f"nginx, stopped under load, {moment + 1}", True)
        print(f"nginx gave {sum(answer.result() for answer in answers)} answers")


def check_proportional_size(tree):
    """Waits for the next reading of memory_pss: provisrd reads it at most every 30 s."""
    members = proc_reader.tree(tree.leader)

    def is_right():
        expected = proc_reader.proportional_size(members)
        return abs(tree.sample()["memory_pss"] - expected) <= 0.02 * expected
    eventually("memory_pss is the sum of Pss", is_right)
    print(f"nginx: memory_pss {tree.sample()['memory_pss'] >> 10} KiB")


# --- PostgreSQL

def postgresql_programs():
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    return folders[-1] if folders else None


def as_user(user, command):
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", *command] if user else command


def database_user():
    """Returns the user for PostgreSQL, which does not run as root; None for the current user."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def check_postgresql(build, folder):
    programs, user, port = postgresql_programs(), database_user(), free_port()
    if user:
        folder.chmod(0o755)
        shutil.chown(folder, user)
        folder.parent.chmod(0o755)
    data = folder / "data"
    environment = {**os.environ, "PGHOST": str(folder), "PGPORT": str(port), "PGUSER": "tester", "PGDATABASE": "postgres"}
    subprocess.run(as_user(user, [f"{programs}/initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync"]),
                   check=True, stdout=subprocess.DEVNULL)
    args = json.dumps([f"{programs}/postgres", "-D", str(data), "-k", str(folder), "-p", str(port), "-c",
                       "listen_addresses="])
    run_as = f'user = "{user}"\n' if user else ""
    with watched(build, folder, "database", f'args = {args}\n{run_as}stop_signal = "INT"') as tree:
        bench = as_user(user, [f"{programs}/pgbench"])
        eventually("PostgreSQL answers", lambda: subprocess.run(
            [*bench, "-i", "-q", "-s", "2"], env=environment, capture_output=True, check=False).returncode == 0)
        begin = tree.compare("PostgreSQL, before the load", False)
        compare_with_pgbench(tree, bench, environment)
        end = tree.compare("PostgreSQL, at rest", False)
        tree.check_rates(begin, end)


def compare_with_pgbench(tree, bench, environment):
    """Compares under pgbench with one connection per transaction; each connection is a process."""
    load = subprocess.Popen([*bench, "-n", "-C", "-c", "4", "-T", "6"], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for moment in range(3):
            time_out = time.monotonic() + 1
            eventually("the load goes on", lambda: time.monotonic() > time_out)
            tree.compare(f"PostgreSQL, stopped under load, {moment + 1}", False)
        output, _ = load.communicate(timeout=60)
        assert load.returncode == 0, output
        print(next(line for line in output.splitlines() if line.startswith("number of transactions actually")))
    finally:
        load.kill()
        load.wait()


# --- all of them

def main():
    wanted = sys.argv[2:] or ["make", "nginx", "postgresql"]
    checks = {"make": (check_make, need("make", "cc", "ar")),
              "nginx": (check_nginx, need("nginx")),
              "postgresql": (check_postgresql, None if postgresql_programs() else
                             "PostgreSQL is not installed (cmake/bootstrap.sh --e2e installs it)")}
    missing = []
    for name in wanted:
        check, reason = checks[name]
        if reason:
            missing.append(f"{name}: {reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            inner = pathlib.Path(folder) / "work"
            inner.mkdir()
            check(sys.argv[1], inner)
    if missing:
        skip("; ".join(missing))


main()

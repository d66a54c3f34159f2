"""The checks of machine.py, run by systemd inside the machine. Prints one line for each:
"ok NAME" or "FAIL NAME: why"."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import traceback

CONFIG = pathlib.Path("/etc/provisr.toml")
DROP_INS = pathlib.Path("/run/systemd/system/provisrd.service.d")
STATE = "/var/lib/provisr"
PATIENCE = 30
HEAD = '[server]\nlisten = "127.0.0.1:8080"\n[metrics]\nlisten = "127.0.0.1:9090"\n' \
       '[metrics.process_metrics]\ninterval = "500ms"\n'


# --- tools ------------------------------------------------------------------------------


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert status is None or done.returncode == status, \
        f"{' '.join(command)}: {done.returncode} {done.stdout}{done.stderr}"
    return done.stdout


def systemctl(*arguments, status=0):
    return run("systemctl", *arguments, status=status)


def shown(unit, key):
    return systemctl("show", "--value", "-p", key, unit).strip()


def eventually(what, condition):
    """Polls the condition and returns its first true value. It may raise until then."""
    deadline = time.monotonic() + PATIENCE
    while True:
        failure = None
        try:
            if value := condition():
                return value
        except (OSError, AssertionError, LookupError, ValueError, http.client.HTTPException) as error:
            failure = error
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what} ({failure})"
        time.sleep(0.2)


def fetch(path, port=8080):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status == 200, f"{path}: {answer.status} {body}"
    return body


def get(path):
    return json.loads(fetch(f"/api/{path}"))


def process(name):
    found = get(f"status?name={name}")["processes"]
    assert found, f"{name} is unknown"
    return found[0]


def running(name):
    found = process(name)
    assert found["state"] == "running", found
    return found


def sample(name):
    return get(f"metrics?name={name}")


def control_group(unit):
    return pathlib.Path("/sys/fs/cgroup" + shown(unit, "ControlGroup"))


def journal(*options):
    return run("journalctl", "-o", "cat", "--no-pager", "-u", "provisrd", *options)


def field(pid, name):
    """Returns a field of /proc/PID/status in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found.group(1)) * 1024


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def processes(*tables):
    """Returns [[processes]] tables of (name, command or match, further lines)."""
    return "".join(f'[[processes]]\nname = "{name}"\n{line}\n' for name, line in tables)


def sleeper(name, further=""):
    return name, f'args = ["sleep", "1000"]\nstart_duration = "100ms"\n{further}'


def write_config(*tables, head=HEAD):
    CONFIG.write_text(head + processes(*tables))


def drop_in(text):
    DROP_INS.mkdir(parents=True, exist_ok=True)
    (DROP_INS / "test.conf").write_text(text)
    systemctl("daemon-reload")


def stop_everything():
    systemctl("stop", "provisrd")
    # A check that has failed leaves these behind.
    systemctl("stop", "box", "eater", "heavy", "job", "plain", "victim", "x@*.service", status=None)
    if (DROP_INS / "test.conf").exists():
        (DROP_INS / "test.conf").unlink()
        systemctl("daemon-reload")
    systemctl("reset-failed", "provisrd", status=None)
    run("rm", "-rf", STATE, str(EAT))


def start(*tables, head=HEAD, unit=""):
    write_config(*tables, head=head)
    if unit:
        drop_in(unit)
    systemctl("start", "provisrd")


def main_pid():
    return int(shown("provisrd", "MainPID"))


# --- the unit ---------------------------------------------------------------------------


def becomes_active_when_the_api_answers():
    write_config(sleeper("app"))
    systemctl("start", "--no-block", "provisrd")
    eventually("the unit is active", lambda: shown("provisrd", "ActiveState") == "active")
    assert fetch("/healthz").startswith("ok")
    assert process("app")["pid"] > 0


def a_faulty_file_is_told_and_not_tried_again():
    CONFIG.write_text("nonsense = 1\n")
    systemctl("start", "provisrd", status=1)
    assert shown("provisrd", "ActiveState") == "failed"
    assert shown("provisrd", "ExecMainStatus") == "2"
    assert shown("provisrd", "NRestarts") == "0"
    eventually("the fault is in the journal", lambda: "nonsense" in journal())


def reload_takes_the_new_file():
    start(sleeper("app"))
    pid = running_soon("app")["pid"]
    write_config(sleeper("app"), sleeper("more"))
    systemctl("reload", "provisrd")
    eventually("the new process runs", lambda: running("more"))
    assert process("app")["pid"] == pid
    assert shown("provisrd", "ActiveState") == "active"


def a_reload_of_a_faulty_file_fails():
    start(sleeper("app"))
    pid = running_soon("app")["pid"]
    CONFIG.write_text("nonsense = 1\n")
    systemctl("reload", "provisrd", status=1)
    assert process("app")["pid"] == pid
    assert shown("provisrd", "ActiveState") == "active"
    eventually("the fault is in the journal", lambda: "nonsense" in journal("-n", "20"))


def children_may_be_other_users():
    start(sleeper("app", 'user = "worker"\n'))
    pid = running_soon("app")["pid"]
    assert os.stat(f"/proc/{pid}").st_uid == 1000
    figures = eventually("figures", lambda: sample("app"))
    assert figures["memory_rss"] > 0 and figures["num_fds"] >= 3, figures


def running_soon(name):
    return eventually(f"{name} runs", lambda: running(name))


def restart_replaces_the_children():
    start(sleeper("app"))
    pid, daemon = running_soon("app")["pid"], main_pid()
    systemctl("restart", "provisrd")
    assert not is_alive(pid)
    assert main_pid() != daemon
    assert running_soon("app")["pid"] != pid


def stop_ends_all():
    start(sleeper("app"), ("family", 'command = "sleep 1001 & setsid sleep 1002; true"'))
    running_soon("family")
    group = control_group("provisrd")
    members = [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    assert len(members) >= 5, members
    systemctl("stop", "provisrd")
    assert not [pid for pid in members if is_alive(pid)]
    assert shown("provisrd", "Result") == "success"


KEEPS_CHILDREN = "[Service]\nKillMode=process\nRestartKillSignal=SIGQUIT\n"
STATEFUL = HEAD + f'[daemon]\nstate_dir = "{STATE}"\n'


def quit_hands_over():
    start(sleeper("app"), head=STATEFUL, unit=KEEPS_CHILDREN)
    pid = running_soon("app")["pid"]
    systemctl("kill", "--kill-who=main", "--signal=QUIT", "provisrd")
    eventually("provisrd has ended", lambda: shown("provisrd", "ActiveState") == "inactive")
    assert is_alive(pid)
    systemctl("start", "provisrd")
    assert running_soon("app")["pid"] == pid
    eventually("the log says so", lambda: f"taken over, pid {pid}" in journal("-n", "20"))
    systemctl("stop", "provisrd")
    assert not is_alive(pid)


def restart_hands_over():
    start(sleeper("app"), head=STATEFUL, unit=KEEPS_CHILDREN)
    pid, daemon = running_soon("app")["pid"], main_pid()
    systemctl("restart", "provisrd")
    assert main_pid() != daemon
    assert running_soon("app")["pid"] == pid
    systemctl("stop", "provisrd")
    assert not is_alive(pid)


def an_address_in_use_is_waited_for():
    write_config(sleeper("app"))
    drop_in("[Service]\nRestartSec=100ms\n")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 8080))
        other.listen()
        systemctl("start", "provisrd", status=1)
        eventually("many starts", lambda: int(shown("provisrd", "NRestarts")) > 5)
    eventually("it is active", lambda: shown("provisrd", "ActiveState") == "active")
    running_soon("app")


def a_killed_provisrd_is_started_again_and_takes_over():
    start(sleeper("app"), head=STATEFUL, unit=KEEPS_CHILDREN)
    pid, daemon = running_soon("app")["pid"], main_pid()
    systemctl("kill", "--kill-who=main", "--signal=KILL", "provisrd")
    eventually("it is started again", lambda: main_pid() not in (0, daemon))
    eventually("it is active", lambda: shown("provisrd", "ActiveState") == "active")
    assert running_soon("app")["pid"] == pid


def a_provisrd_that_hangs_is_replaced():
    watched = KEEPS_CHILDREN + "WatchdogSec=5\nTimeoutAbortSec=3\nLimitCORE=0\n"
    start(sleeper("app"), head=STATEFUL, unit=watched)
    pid, daemon = running_soon("app")["pid"], main_pid()
    time.sleep(6)
    assert main_pid() == daemon and shown("provisrd", "NRestarts") == "0"
    os.kill(daemon, signal.SIGSTOP)
    eventually("it is replaced", lambda: main_pid() not in (0, daemon))
    eventually("it is active", lambda: shown("provisrd", "ActiveState") == "active")
    assert running_soon("app")["pid"] == pid


def a_long_stop_is_not_cut_short():
    slow = 'trap "sleep 6; echo done > /run/ended; exit 0" TERM; while :; do sleep 0.1; done'
    start(("slow", f"args = ['sh', '-c', '{slow}']\nstop_timeout = \"30s\""), unit="[Service]\nTimeoutStopSec=4\n")
    running_soon("slow")
    systemctl("stop", "provisrd")
    assert os.path.exists("/run/ended")
    assert shown("provisrd", "Result") == "success", shown("provisrd", "Result")


def the_journal_knows_the_level_of_a_record():
    start(("app", 'args = ["/nonexistent"]'), sleeper("good"),
          ("talker", 'args = ["sh", "-c", "echo said; exec sleep 1000"]'))
    running_soon("good")
    talker = running_soon("talker")["pid"]
    eventually("its line", lambda: journal(f"_PID={talker}") == "said\n")
    errors = eventually("an error", lambda: journal("-p", "err", "-n", "50"))
    assert "/nonexistent" in errors or "app" in errors, errors
    assert "good" not in errors, errors
    assert not re.search(r"\d\d:\d\d:\d\d", errors), errors


# --- short of memory --------------------------------------------------------------------

EATER = 'args = ["sh", "-c", "while [ ! -e /run/eat ]; do sleep 0.2; done; exec tail /dev/zero"]'
EAT = pathlib.Path("/run/eat")
SHORT = "[Service]\nMemoryMax=150M\nMemorySwapMax=0\n"


def last_exit_of(name):
    found = get(f"exits?name={name}")["exits"]
    assert found
    return found[0]


def a_child_that_the_kernel_kills():
    start(("eater", EATER), sleeper("app"), sleeper("victim"), unit=SHORT)
    victim, app = running_soon("victim")["pid"], running_soon("app")["pid"]
    os.kill(victim, 9)
    plain = eventually("the plain end", lambda: last_exit_of("victim"))
    assert plain["signal"] == 9 and "oom_killed" not in plain, plain
    EAT.touch()
    end = eventually("the end", lambda: last_exit_of("eater"))
    assert end["signal"] == 9 and end["oom_killed"] is True, end
    assert end["description"] == "signal 9 (Killed, out of memory)", end
    assert "out of memory" in json.dumps(process("eater")), process("eater")
    assert 'provisr_process_exits_total{name="eater",result="signal"} 1' in fetch("/metrics", 9090)
    eventually("the log says so", lambda: "out of memory" in journal("-n", "50"))
    time_for_systemd()
    assert shown("provisrd", "ActiveState") == "active", shown("provisrd", "ActiveState")
    assert running("app")["pid"] == app
    os.kill(app, 9)
    later = eventually("the end of the other", lambda: last_exit_of("app"))
    assert "oom_killed" not in later, later


def a_child_that_the_machine_has_no_memory_for():
    """Without ticks, the count of kills is looked at all the same."""
    start(("eater", EATER), sleeper("app"), head=HEAD + "enabled = false\n")
    app = running_soon("app")["pid"]
    time.sleep(16)  # a look that is older would say nothing
    EAT.touch()
    end = eventually("the end", lambda: last_exit_of("eater"))
    assert end["oom_killed"] is True, end
    assert running("app")["pid"] == app


def a_frozen_unit_goes_on():
    start(sleeper("app"))
    pid = running_soon("app")["pid"]
    group = control_group("provisrd")
    (group / "cgroup.freeze").write_text("1")
    eventually("it is frozen", lambda: "frozen 1" in (group / "cgroup.events").read_text())
    time.sleep(2)
    (group / "cgroup.freeze").write_text("0")
    eventually("it is on time again", lambda: fetch("/healthz").startswith("ok"))
    assert process("app")["pid"] == pid


def time_for_systemd():
    """Returns once systemd has taken notice of the kill: it logs each one."""
    eventually("systemd logs the kill", lambda: "OOM killer" in
               run("journalctl", "-o", "cat", "--no-pager", "_PID=1", "-n", "50"))


def service(unit, *command, properties=()):
    options = [word for text in properties for word in ("-p", text)]
    run("systemd-run", "--quiet", f"--unit={unit}", "--collect", *options, *command)


def another_process_that_the_kernel_kills():
    start(("eater", 'match = { unit = "eater.service" }'), ("victim", 'match = { unit = "victim.service" }'))
    short = ("MemoryMax=50M", "MemorySwapMax=0")
    service("victim", "sleep", "1000", properties=short)
    os.kill(running_soon("victim")["pid"], 9)
    plain = eventually("the plain end", lambda: last_exit_of("victim"))
    assert "oom_killed" not in plain, plain
    service("eater", "sh", "-c", "sleep 2; exec tail /dev/zero", properties=(*short, "Restart=always"))
    ends = eventually("two ends", lambda: two_of(get("exits?name=eater")["exits"]))
    systemctl("stop", "eater.service")
    for end in ends:
        assert end.get("signal") == 9 and end.get("oom_killed") is True, ends
    assert plain.get("signal") == (9 if knows_ends_of_others() else None), plain


def two_of(found):
    return found[:2] if len(found) >= 2 else None


def knows_ends_of_others():
    return [int(part) for part in os.uname().release.split(".")[:2]] >= [6, 15]


# --- units and control groups -----------------------------------------------------------


def matches_units_and_cgroups():
    template = pathlib.Path("/run/systemd/system/x@.service")
    template.write_text("[Service]\nExecStart=/bin/sleep %i\nUser=worker\n")
    systemctl("daemon-reload")
    start(("plain", 'match = { unit = "plain.service" }'), ("x", 'match = { unit = "x@*.service" }'),
          ("slice", 'match = { cgroup = "/jobs.slice/*" }'), ("worker", 'match = { user = "worker" }'))
    assert process("plain")["state"] == "absent"
    service("plain", "sleep", "1000")
    pid = running_soon("plain")["pid"]
    assert pid == int(shown("plain", "MainPID"))
    systemctl("start", "x@1000.service")
    assert running_soon("x")["pid"] == int(shown("x@1000", "MainPID"))
    systemctl("start", "x@1001.service")
    assert running_soon("x-2")["pid"] == int(shown("x@1001", "MainPID"))
    run("systemd-run", "--slice=jobs.slice", "--unit=job", "sleep", "1000")
    assert running_soon("slice")["pid"] == int(shown("job", "MainPID"))
    other = eventually("figures of another user's process", lambda: sample("x"))
    assert other["memory_rss"] > 0 and other["num_fds"] >= 3 and other["num_threads"] == 1, other
    systemctl("stop", "x@1000.service", "plain.service")
    eventually("it is gone", lambda: process("plain")["state"] == "absent")
    eventually("the other keeps its name", lambda: running("x-2"))
    systemctl("stop", "x@1001.service", "job.service")


# --- swap -------------------------------------------------------------------------------


def swap_is_measured():
    start(("heavy", 'match = { unit = "heavy.service" }'))
    service("heavy", "python3", "-c", "import time; held = bytearray(b'x' * 60_000_000); time.sleep(1000)")
    pid = running_soon("heavy")["pid"]
    eventually("its memory is in use", lambda: field(pid, "VmRSS") > 60_000_000)
    before = eventually("a sample", lambda: sample("heavy"))
    assert before["memory_swap"] == 0, before
    run("mkswap", "/dev/nvme0n1")
    run("swapon", "/dev/nvme0n1")
    group = control_group("heavy")
    (group / "memory.high").write_text("20M")
    eventually("it is swapped out", lambda: field(pid, "VmSwap") > 20_000_000)
    (group / "memory.high").write_text("max")

    def agrees():
        swapped, told = field(pid, "VmSwap"), sample("heavy")["memory_swap"]
        return told > 20_000_000 and told == swapped == field(pid, "VmSwap")
    eventually("both agree", agrees)
    assert f'provisr_process_swap_bytes{{name="heavy"}} {field(pid, "VmSwap")}' in fetch("/metrics", 9090)
    systemctl("stop", "heavy.service")
    run("swapoff", "/dev/nvme0n1")


# --- a container ------------------------------------------------------------------------


def process_1_of_a_container():
    pathlib.Path("/run/box.toml").write_text(HEAD + processes(("eater", EATER), sleeper("app"), (
        "orphans", 'auto_restart = true\ncommand = "setsid sleep 0.1 & true"')))
    service("box", "unshare", "--cgroup", "--pid", "--fork", "--mount", "--mount-proc", "sh", "-c",
            "umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec provisrd /run/box.toml",
            properties=("MemoryMax=150M", "MemorySwapMax=0", "OOMPolicy=continue"))
    app = running_soon("app")
    assert app["pid"] < 100, app
    assert eventually("figures", lambda: sample("app"))["memory_rss"] > 0
    EAT.touch()
    end = eventually("the end", lambda: last_exit_of("eater"))
    assert end["oom_killed"] is True, end
    memory = get("status")["machine"]["memory_bytes"]
    assert memory == 150 * 1024 * 1024, memory
    systemctl("stop", "box")


CHECKS = (becomes_active_when_the_api_answers, a_faulty_file_is_told_and_not_tried_again,
          reload_takes_the_new_file, a_reload_of_a_faulty_file_fails, restart_replaces_the_children,
          stop_ends_all, children_may_be_other_users, quit_hands_over, restart_hands_over,
          an_address_in_use_is_waited_for, a_killed_provisrd_is_started_again_and_takes_over,
          a_provisrd_that_hangs_is_replaced, a_long_stop_is_not_cut_short,
          the_journal_knows_the_level_of_a_record, a_child_that_the_kernel_kills,
          a_child_that_the_machine_has_no_memory_for, a_frozen_unit_goes_on,
          another_process_that_the_kernel_kills, matches_units_and_cgroups, swap_is_measured,
          process_1_of_a_container)


def main():
    wanted = os.environ.get("CHECKS", "").split(",")
    begun = time.monotonic()
    for check in CHECKS:
        if not any(part in check.__name__ for part in wanted):
            continue
        name = check.__name__
        try:
            check()
            print(f"ok {name} ({time.monotonic() - begun:.0f} s)")
        except Exception as error:  # pylint: disable=broad-except
            where = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(where) if frame.name == name), 0)
            print(f"FAIL {name}: line {line}: {' '.join(str(error).split())}")
            print("  " + run("journalctl", "--no-pager", "-o", "cat", "-n", "15").replace("\n", "\n  "))
        try:
            stop_everything()
        except Exception as error:  # pylint: disable=broad-except
            print(f"FAIL {name}: afterwards: {' '.join(str(error).split())}")
    print("end of checks")


if __name__ == "__main__":
    main()
    sys.exit(0)

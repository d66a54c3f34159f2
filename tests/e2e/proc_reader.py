"""Sums up a tree of processes from /proc, independently of provisrd and slower, as it reads everything."""
import contextlib
import os
import signal
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def read(pid, name):
    with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as text:
        return text.read()


def stat_of(pid):
    """Returns the fields of /proc/PID/stat by their numbers in proc(5), from 3 (the state) on."""
    fields = read(pid, "stat").rpartition(")")[2].split()
    return {number: field for number, field in enumerate(fields, start=3)}


def numbers_of(pid, name):
    """Returns the lines 'KEY: NUMBER ...' of a file such as io and status."""
    lines = (line.partition(":") for line in read(pid, name).splitlines())
    return {key: int(value.split()[0]) for key, _, value in lines if value.split()[:1] and value.split()[0].isdigit()}


def parents():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                found[int(name)] = int(stat_of(name)[4])
    return found


def tree(leader):
    """Returns all members that have not been reaped, the leader first."""
    children = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    members = [leader]
    for member in members:
        members.extend(children.get(member, []))
    return members


def states(members):
    return {pid: stat_of(pid)[3] for pid in members}


def signal_all(members, number):
    for pid in members:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def stopped_states(leader):
    """Stops a tree. Returns its members' states if none can run; a parent that waits for a vfork is in D."""
    members = tree(leader)
    signal_all(members, signal.SIGSTOP)
    found = states(members)
    return found if set(found.values()) <= set("TtZD") else None


@contextlib.contextmanager
def frozen(leader, patience=30):
    """Stops a tree during the block. Yields its members."""
    before = None
    deadline = time.monotonic() + patience
    try:
        while True:
            now = None
            with contextlib.suppress(OSError):
                now = stopped_states(leader)
            if now is not None and now == before:
                break
            before = now
            assert time.monotonic() < deadline, f"the tree of {leader} does not stop: {now}"
            time.sleep(0.05)
        yield list(now)
    finally:
        signal_all(tree(leader), signal.SIGCONT)


def switches_of(pid):
    sums = [0, 0]
    for thread in os.listdir(f"/proc/{pid}/task"):
        numbers = numbers_of(pid, f"task/{thread}/status")
        sums[0] += numbers["voluntary_ctxt_switches"]
        sums[1] += numbers["nonvoluntary_ctxt_switches"]
    return sums


def soft_limit_of(pid):
    line = next(line for line in read(pid, "limits").splitlines() if line.startswith("Max open files"))
    return int(line.split()[3])


def figures_of_living(pid, sums):
    size, resident = map(int, read(pid, "statm").split()[:2])
    status = numbers_of(pid, "status")
    voluntary, involuntary = switches_of(pid)
    for key, value in (("num_processes", 1), ("num_threads", status["Threads"]),
                       ("num_fds", len(os.listdir(f"/proc/{pid}/fd"))),
                       ("memory_vms", size * PAGE), ("memory_rss", resident * PAGE),
                       ("memory_swap", status["VmSwap"] * 1024), ("max_fds", soft_limit_of(pid)),
                       ("voluntary_switches", voluntary), ("involuntary_switches", involuntary)):
        sums[key] = sums.get(key, 0) + value
    sums["largest_peak"] = max(sums.get("largest_peak", 0), status["VmHWM"] * 1024)


def figures(members):
    """Returns the figures of stopped members under provisrd's names; CPU time is in seconds."""
    sums = {"cpu_seconds": 0, "major_faults": 0, "io_read_bytes": 0, "io_write_bytes": 0}
    for pid in members:
        stat = stat_of(pid)
        sums["cpu_seconds"] += sum(int(stat[field]) for field in (14, 15, 16, 17)) / TICKS_PER_SECOND
        sums["major_faults"] += int(stat[12]) + int(stat[13])
        io = numbers_of(pid, "io")
        sums["io_read_bytes"] += io["read_bytes"]
        sums["io_write_bytes"] += io["write_bytes"]
        if stat[3] != "Z":
            figures_of_living(pid, sums)
    return sums


def proportional_size(members):
    return sum(numbers_of(pid, "smaps_rollup")["Pss"] for pid in members) * 1024

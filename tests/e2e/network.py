"""Hosts in network namespaces of their own, joined by a bridge; on loopback addresses if there may be none."""
import contextlib
import os
import subprocess
import sys

from daemons import free_port

# The kernel takes them back with their last process, and kills that one with the first: nothing can stay.
UNSHARE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
WAYS = ([*UNSHARE, "--user", "--map-root-user"], UNSHARE)
BRIDGE = ["ip", "link", "add", "name", "fleet0", "type", "bridge"]
INSIDE = "PROVISR_TEST_IN_NAMESPACE"


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def refusal(way):
    """Why the namespaces cannot be had this way; None if they can."""
    pair = ["ip", "link", "add", "name", "veth0", "type", "veth", "peer", "name", "veth1"]
    script = f"{' '.join(BRIDGE)} && {' '.join(pair)} && unshare --net true"
    try:
        tried = subprocess.run([*way, "sh", "-c", script], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


def enter_namespace():
    """Starts this script anew in namespaces of its own. Returns there, or here if there can be none."""
    if os.environ.get(INSIDE):
        return
    reasons = []
    for way in WAYS:
        reason = refusal(way)
        if reason is None:
            sys.stdout.flush()
            os.environ[INSIDE] = "1"
            os.execvp(way[0], [*way, sys.executable, *sys.argv])
        reasons.append(reason)
    print("WARNING: no network namespaces here, all hosts share the loopback interface and none is cut off:\n  "
          + "\n  ".join(reasons))


class Host:
    """One machine: its address, and the command that runs another one on it."""

    def __init__(self, name, address, enter=()):
        self.name = name
        self.address = address
        self.enter = enter

    def at(self, port):
        """This port of the host; a free one if the host is not alone with its ports."""
        return f"{self.address}:{port if self.enter or os.environ.get(INSIDE) else free_port(self.address)}"

    def set_link(self, state):
        run("ip", "link", "set", f"to-{self.name}", state)


@contextlib.contextmanager
def hosts(*names):
    """The host that the script runs on, and these."""
    if not os.environ.get(INSIDE):
        yield [Host(name, f"127.0.77.{number}") for number, name in enumerate(("", *names), 1)]
        return
    run(*BRIDGE)
    run("ip", "address", "add", "10.77.0.1/24", "dev", "fleet0")
    for link in ("lo", "fleet0"):
        run("ip", "link", "set", link, "up")
    with contextlib.ExitStack() as stack:
        machines = [Host("", "10.77.0.1")]
        for number, name in enumerate(names, 11):
            machines.append(stack.enter_context(host(name, f"10.77.0.{number}")))
        yield machines


@contextlib.contextmanager
def host(name, address):
    # It says a line as soon as it is in its namespace, and holds that until its input ends.
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        holder.stdout.readline()
        enter = ("nsenter", f"--net=/proc/{holder.pid}/ns/net")
        run("ip", "link", "add", "name", f"to-{name}", "type", "veth", "peer", "name", "eth0",
            "netns", str(holder.pid))
        run("ip", "link", "set", f"to-{name}", "master", "fleet0", "up")
        run(*enter, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        for link in ("lo", "eth0"):
            run(*enter, "ip", "link", "set", link, "up")
        yield Host(name, address, enter)

"""Hosts in separate network namespaces, joined by a bridge; on loopback addresses if namespaces are not allowed."""
import contextlib
import os
import subprocess
import sys

from daemons import free_port

# The kernel removes namespaces with their last process and kills all processes of a PID namespace with its
# first one: nothing can remain.
UNSHARE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
WAYS = ([*UNSHARE, "--user", "--map-root-user"], UNSHARE)
BRIDGE = ["ip", "link", "add", "name", "fleet0", "type", "bridge"]
INSIDE = "PROVISR_TEST_IN_NAMESPACE"


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def refusal(way):
    """Returns why this way cannot create the namespaces; None if it can."""
    pair = ["ip", "link", "add", "name", "veth0", "type", "veth", "peer", "name", "veth1"]
    script = f"{' '.join(BRIDGE)} && {' '.join(pair)} && unshare --net true"
    try:
        tried = subprocess.run([*way, "sh", "-c", script], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


def enter_namespace():
    """Restarts this script in its own namespaces and returns there; returns here if that is not allowed."""
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
    """A host: its address and the command that runs another command on it."""

    def __init__(self, name, address, enter=()):
        self.name = name
        self.address = address
        self.enter = enter

    def at(self, port):
        """Returns the address with this port, or with a free port if the hosts share their ports."""
        return f"{self.address}:{port if self.enter or os.environ.get(INSIDE) else free_port(self.address)}"

    def set_link(self, state):
        run("ip", "link", "set", f"to-{self.name}", state)


@contextlib.contextmanager
def hosts(*names):
    """Yields the host on which the script runs, and one host per name."""
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
    # The holder prints a line when it is in its namespace, and keeps the namespace until its input ends.
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

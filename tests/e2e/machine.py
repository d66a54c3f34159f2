#!/usr/bin/env python3
"""Runs provisrd on a machine of its own, under QEMU: a kernel of Debian with version 2 of cgroups, systemd
with the unit that is installed, and swap. machine_guest.py runs there and checks.

usage: tests/e2e/machine.py BUILD [SUITE]

SUITE, such as trixie-backports, is where the kernel comes from; by default the release of this machine.
The first run fetches Debian's packages into build/machine. The log of the machine stays there.
"""
import fcntl
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import threading

import machine_image
from daemons import ROOT, need, skip

CACHE = ROOT / "build" / "machine"
DEADLINE = 400
BOOTS = 3  # under emulation, a kernel crashes now and then while it patches its code at the start
SWAP_BYTES = 256 * 1024 * 1024


def installed(build, folder):
    subprocess.run(["cmake", "--install", str(build), "--strip", "--prefix", "/usr"],
                   env={**os.environ, "DESTDIR": str(folder)}, stdout=subprocess.DEVNULL, check=True)
    for unneeded in ("include", "share", "lib/cmake", "lib/pkgconfig", "lib/x86_64-linux-gnu"):
        subprocess.run(["rm", "-rf", str(folder / "usr" / unneeded)], check=True)
    for library in (folder / "usr/lib").glob("*.a"):
        library.unlink()
    return folder


def qemu(kernel, initrd, swap, console):
    # No KVM: a machine that is itself virtual may offer one that hangs. Emulation takes a few seconds more.
    return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "2", "-no-reboot",
            "-nodefaults", "-display", "none", "-kernel", str(kernel), "-initrd", str(initrd),
            "-drive", f"file={swap},format=raw,if=none,id=swap", "-device", "nvme,drive=swap,serial=swap",
            "-serial", f"file:{console}", "-serial", "stdio",
            "-append", "console=ttyS0 panic=-1 systemd.unit=machine.target rdinit=/init "
                       f"systemd.setenv=CHECKS={os.environ.get('CHECKS', '')} "
                       "systemd.unified_cgroup_hierarchy=1 systemd.show_status=0"]


def run_machine(command):
    """Returns the lines of the second serial line; kills the machine at the deadline."""
    lines = []
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          errors="replace") as machine:
        timer = threading.Timer(DEADLINE, machine.kill)
        timer.start()
        try:
            for line in machine.stdout:
                print(line.rstrip(), flush=True)
                lines.append(line.rstrip())
        finally:
            timer.cancel()
            machine.kill()
    return lines


def boot(command, console):
    """Returns the lines of a machine whose kernel has not crashed before its first check."""
    for _ in range(BOOTS):
        lines = run_machine(command)
        if lines or "Kernel panic" not in console.read_text(errors="replace"):
            break
        print("the kernel crashed at the start: again", flush=True)
    return lines


def judge(lines, console):
    passed = [line for line in lines if line.startswith("ok ")]
    failed = [line for line in lines if line.startswith("FAIL ")]
    if failed or "end of checks" not in lines:
        tail = console.read_text(errors="replace")[-3000:]
        print(f"--- the end of {console}\n{tail}\n---")
        sys.exit(f"{len(failed)} checks failed" if failed else "the machine did not come to an end")
    assert passed
    print(f"passed: {len(passed)} checks")


def prepare(build, suite, folder):
    """Returns the paths of the kernel and of the initrd. Two runs at a time would fetch and install the same
    files."""
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kernel = machine_image.fetch_kernel(CACHE, suite)
        root = machine_image.fetch_root(CACHE)
        own = folder / "own.cpio"
        machine_image.write_own_files(own, installed(build, folder / "installed"),
                                      pathlib.Path(__file__).with_name("machine_guest.py"))
    initrd = folder / "initrd"
    initrd.write_bytes(root.read_bytes() + own.read_bytes())
    return kernel, initrd


def main(build, suite):
    CACHE.mkdir(parents=True, exist_ok=True)
    console = CACHE / f"console-{suite or 'own'}.log"
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            kernel, initrd = prepare(build, suite, folder)
            with open(folder / "swap", "wb") as swap:
                swap.truncate(SWAP_BYTES)
            lines = boot(qemu(kernel, initrd, folder / "swap", console), console)
    except machine_image.Unavailable as reason:
        skip(str(reason))
    judge(lines, console)


if __name__ == "__main__":
    need("qemu-system-x86_64", "apt-get", "dpkg-deb", "cmake", "ldd")
    if platform.machine() != "x86_64":
        skip("the machine is an x86-64")
    main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None)

#!/usr/bin/python3
"""Samples the processes of the *.pid files in a directory with psutil: psutil_sampler.py DIRECTORY

Prints "ready". For each line N on standard input it makes N ticks and prints "done". Swap is left
out: psutil needs a much more expensive call for it.
"""
import pathlib
import sys

import psutil


def sample(process):
    with process.oneshot():
        return (process.cpu_times(), process.memory_info(), process.num_threads(),
                process.num_fds())


def main():
    files = pathlib.Path(sys.argv[1]).glob("*.pid")
    processes = [psutil.Process(int(file.read_text(encoding="ascii"))) for file in files]
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            for process in processes:
                sample(process)
        print("done", flush=True)


main()

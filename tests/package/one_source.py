#!/usr/bin/env python3
"""Compiles all sources of each folder as one. The builds for sanitizers and other systems compile
eight sources as one, so names in the anonymous namespaces of a folder must not conflict.

usage: one_source.py SOURCE_DIR BUILD_DIR
"""
import collections
import itertools
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

# CMake puts the sources of such a folder into the same program or library.
FOLDERS = ("lib", "daemon/*", "tests/unit", "tests/live", "tests/daemon")
# Warnings that several sources as one cannot avoid.
OPTIONS = ["-fsyntax-only", "-Wno-shadow"]


def folder_of(source):
    for length, folder in ((len(pathlib.PurePath(folder).parts), folder) for folder in FOLDERS):
        head = pathlib.PurePath(*source.parts[:length])
        if len(source.parts) > length and head.match(folder):
            return str(head)
    return None


def sources_of(entry):
    """Returns an entry for each source that is compiled: a source of a unity build includes several."""
    path = pathlib.Path(entry["file"])
    if path.parent.name != "Unity":
        return [entry]
    return [{**entry, "file": file} for file in re.findall(r'#include "(.*)"', path.read_text())]


def commands_by_folder(source_dir, build_dir):
    folders = collections.defaultdict(list)
    commands = json.loads((build_dir / "compile_commands.json").read_text())
    for entry in itertools.chain.from_iterable(map(sources_of, commands)):
        path = pathlib.Path(entry["file"])
        if build_dir in path.parents or source_dir not in path.parents:
            continue
        folder = folder_of(path.relative_to(source_dir))
        if folder is not None:
            folders[folder].append(entry)
    return folders


def faults_of(entries):
    """Returns the compiler's messages for all of them as one source; None if it compiles."""
    words = shlex.split(entries[0]["command"])
    words = words[: words.index("-o")]
    if not any("clang" in word for word in words[:2]):
        words.append("-Wno-subobject-linkage")
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as whole:
        for entry in sorted(entries, key=lambda entry: entry["file"]):
            whole.write(f'#include "{entry["file"]}"\n')
        whole.flush()
        outcome = subprocess.run(
            words + OPTIONS + ["-c", whole.name],
            cwd=entries[0]["directory"], capture_output=True, text=True, check=False)
    return outcome.stderr if outcome.returncode != 0 else None


def main():
    source_dir, build_dir = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    folders = commands_by_folder(source_dir, build_dir)
    assert len(folders) > 10, f"only {sorted(folders)} in compile_commands.json"
    is_sound = True
    for folder, entries in sorted(folders.items()):
        faults = faults_of(entries)
        if faults is not None:
            is_sound = False
            print(f"{folder}: its sources do not compile as one:\n{faults[:4000]}")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())

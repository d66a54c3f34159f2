"""The kernel and the files of a small Debian machine with systemd, for machine.py.

Everything is made of Debian packages, which apt-get fetches from the machine's own mirror and checks.
Nothing is installed, and no root is needed. What was fetched stays in the folder of the cache.
"""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

PACKAGES = ("systemd", "python3", "util-linux", "mount", "coreutils", "bash", "dash", "procps")
UNUSED = re.compile(
    r"usr/(share/(doc|man|info|locale|i18n|lintian|bash-completion|zoneinfo|perl5)|lib/(udev|python3/dist-packages)"
    r"|lib/x86_64-linux-gnu/(gconv|perl.*)|lib/python3[^/]*/(test|idlelib|lib2to3|ensurepip|distutils|pydoc_data))/")
# Units that a machine without disks, network and users does not need.
MASKED = ("getty.target", "systemd-logind.service", "systemd-firstboot.service", "systemd-sysusers.service",
          "systemd-machine-id-commit.service", "systemd-random-seed.service", "systemd-update-utmp.service",
          "systemd-update-utmp-runlevel.service", "systemd-journal-catalog-update.service", "ldconfig.service",
          "systemd-tmpfiles-clean.timer", "systemd-binfmt.service", "systemd-modules-load.service",
          "systemd-remount-fs.service", "systemd-network-generator.service", "systemd-pstore.service",
          "systemd-boot-system-token.service", "systemd-journal-flush.service", "systemd-update-done.service",
          "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount",
          "dev-hugepages.mount", "dev-mqueue.mount", "systemd-pcrphase.service",
          "systemd-pcrphase-sysinit.service", "systemd-ask-password-console.path", "systemd-ask-password-wall.path")


class Unavailable(Exception):
    """Something that the machine needs cannot be had here."""


# --- packages ---------------------------------------------------------------------------


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


class Apt:
    """apt-get with lists of its own and without a database of installed packages, which needs no root. It
    knows the packages of `suite`, or else those of this machine's entries."""

    def __init__(self, folder, suite=None):
        self.folder = folder
        for name in ("archives/partial", "lists/partial", "entries"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text("")
        self.options = ["-q", "-y", "-o", f"Dir::State::status={folder}/status", "-o", "Debug::NoLocking=1",
                        "-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
                        "-o", f"Dir::Cache::archives={folder}/archives", "-o", "APT::Sandbox::User=",
                        "-o", f"Dir::State::Lists={folder}/lists", "-o", "Acquire::Retries=3",
                        "-o", "Acquire::Languages=none"]
        if suite:
            (folder / "entries" / "suite.sources").write_text(
                f"Types: deb\nURIs: {mirror()}\nSuites: {suite}\nComponents: main\n"
                "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
            self.options += ["-o", "Dir::Etc::SourceList=/dev/null",
                             "-o", f"Dir::Etc::SourceParts={folder}/entries"]
        # One of this machine's entries may fail that is not needed.
        subprocess.run(["apt-get", *self.options, "update"], capture_output=True, check=False)

    def kernel_packages(self):
        """Returns the names of the packages that hold the kernel itself."""
        said = run(["apt-cache", *self.options[2:], "depends", "--recurse", "--no-recommends", "--no-suggests",
                    "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", "linux-image-cloud-amd64"])
        names = re.findall(r"Depends: (linux-(?:image|binary)-\d\S*)", said)
        if not names:
            raise Unavailable("apt knows no kernel")
        return sorted(set(names))

    def unpack(self, packages, tree):
        for package in packages:
            run(["dpkg-deb", "-x", str(package), str(tree)])

    def fetch_with_dependencies(self, packages):
        run(["apt-get", *self.options, "--no-install-recommends", "--download-only", "install", *packages])
        return sorted((self.folder / "archives").glob("*.deb"))

    def fetch(self, packages):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            run(["apt-get", *self.options, "download", *packages], cwd=folder)
            for package in pathlib.Path(folder).glob("*.deb"):
                package.replace(self.folder / "archives" / package.name)
        return sorted((self.folder / "archives").glob("*.deb"))


def mirror():
    """Returns the address from which this machine has its packages of Debian."""
    for file in sorted(pathlib.Path("/etc/apt").glob("sources.list*")) + \
            sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*")):
        if file.is_file() and (found := re.search(r"https?://\S+/debian/?(?=\s)", file.read_text())):
            return found.group()
    raise Unavailable("apt has no mirror of Debian here")


# --- the kernel -------------------------------------------------------------------------


def fetch_kernel(cache, suite):
    """Returns the path of the newest kernel of this machine's own release, or of another suite."""
    kernel = cache / f"kernel-{suite or 'own'}"
    if kernel.exists():
        return kernel
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        apt = Apt(pathlib.Path(folder), suite)
        names = apt.kernel_packages()
        tree = apt.folder / "tree"
        apt.unpack(apt.fetch(names), tree)
        for found in (*tree.glob("boot/vmlinuz-*"), *tree.glob("usr/lib/modules/*/vmlinuz")):
            shutil.copyfile(found, kernel.with_suffix(".part"))
            kernel.with_suffix(".part").replace(kernel)
            return kernel
    raise Unavailable(f"no kernel in {names}")


# --- the files --------------------------------------------------------------------------


class Archive:
    """Writes a cpio archive (newc) whose files all belong to root."""

    def __init__(self, path):
        self.file = open(path, "wb")  # pylint: disable=consider-using-with
        self.count = 0
        self.folders = {""}

    def add(self, name, mode, content=b""):
        self.add_folders_of(name)
        self.count += 1
        path = name.encode() + b"\0"
        fields = (self.count, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        self.write(b"070701" + b"".join(b"%08x" % field for field in fields) + path)
        self.write(content)

    def add_folders_of(self, name):
        folder = os.path.dirname(name)
        if folder not in self.folders:
            self.folders.add(folder)
            self.add(folder, stat.S_IFDIR | 0o755)

    def write(self, content):
        self.file.write(content + b"\0" * (-len(content) % 4))

    def add_text(self, name, text, mode=0o644):
        self.add(name, stat.S_IFREG | mode, text.encode())

    def add_link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def add_path(self, name, path):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            self.add_link(name, os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            if name not in self.folders:
                self.folders.add(name)
                self.add(name, stat.S_IFDIR | stat.S_IMODE(status.st_mode))
        else:
            self.add(name, stat.S_IFREG | stat.S_IMODE(status.st_mode), path.read_bytes())

    def add_tree(self, tree, is_unused=lambda name: False):
        for path in sorted(tree.rglob("*")):
            name = str(path.relative_to(tree))
            if not is_unused(name + ("/" if path.is_dir() else "")):
                self.add_path(name, path)

    def close(self):
        self.add("TRAILER!!!", 0)
        self.file.close()


def merge_folders_of_usr(tree):
    """Moves bin, sbin and lib into usr, as systemd and Debian have it."""
    for name in ("bin", "sbin", "lib", "lib64", "lib32", "libx32"):
        folder = tree / name
        if not folder.is_dir() or folder.is_symlink():
            continue
        shutil.copytree(folder, tree / "usr" / name, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(folder)
        folder.symlink_to(f"usr/{name}")


def fetch_root(cache):
    """Returns the path of the archive with Debian's files."""
    root = cache / "root.cpio"
    if root.exists():
        return root
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        apt = Apt(pathlib.Path(folder))
        tree = apt.folder / "tree"
        apt.unpack(apt.fetch_with_dependencies(PACKAGES), tree)
        merge_folders_of_usr(tree)
        (tree / "usr/bin/sh").unlink(missing_ok=True)
        (tree / "usr/bin/sh").symlink_to("dash")
        archive = Archive(root.with_suffix(".part"))
        archive.add_tree(tree, UNUSED.match)
        archive.close()
        root.with_suffix(".part").replace(root)
    return root


def libraries_of(program):
    """Returns the paths of the shared libraries of a program, with its loader."""
    lines = subprocess.check_output(["ldd", str(program)], text=True).splitlines()
    return [pathlib.Path(found.group(1)) for line in lines if (found := re.search(r"(/\S+) \(0x", line))]


def write_own_files(path, installed, guest):
    """Writes the archive with provisrd as installed below `installed`, and the script of the guest."""
    archive = Archive(path)
    archive.add_link("init", "usr/lib/systemd/systemd")
    archive.add_tree(installed)
    for library in libraries_of(installed / "usr/bin/provisrd"):
        if library.name.startswith(("libfmt", "libtoml", "libz", "libstdc++")):
            archive.add_path(f"usr/lib/x86_64-linux-gnu/{library.name}", library.resolve())
    archive.add_text("etc/passwd", "root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/:/bin/sh\n"
                     "nobody:x:65534:65534::/:/bin/sh\n")
    archive.add_text("etc/group", "root:x:0:\ntty:x:5:\nworker:x:1000:\nnogroup:x:65534:\n")
    archive.add_text("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    archive.add_text("etc/hostname", "machine\n")
    archive.add_text("etc/hosts", "127.0.0.1 localhost\n")
    archive.add_text("etc/os-release", "ID=debian\n")
    for folder in ("proc", "sys", "dev", "run", "tmp", "var/log", "root"):
        archive.add_folders_of(f"{folder}/x")
    for unit in MASKED:
        archive.add_link(f"etc/systemd/system/{unit}", "/dev/null")
    archive.add_text("checks.py", guest.read_text())
    archive.add_text("etc/systemd/system/checks.service", CHECKS)
    archive.add_text("etc/systemd/system/machine.target", "[Unit]\nWants=checks.service\n")
    archive.add_text("etc/systemd/journald.conf.d/volatile.conf", "[Journal]\nStorage=volatile\n")
    archive.close()


# The second serial line is for the results, so that nothing else stands between them.
CHECKS = """[Unit]
Requires=sysinit.target
After=basic.target sysinit.target
DefaultDependencies=no
[Service]
ExecStart=/usr/bin/python3 -u /checks.py
ExecStopPost=/usr/bin/systemctl --no-block poweroff -f -f
StandardOutput=file:/dev/ttyS1
StandardError=file:/dev/ttyS1
"""

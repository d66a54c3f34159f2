"""Helpers of the end-to-end tests: programs on loopback ports, waiting and skipping."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60


def skip(reason):
    """Ends the test; CTest shows it as skipped."""
    print(f"skipped: {reason}")
    sys.exit(4)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed (tests/run.sh e2e installs it)")


_claims = []


def _claim(port):
    """Reserves the port among all tests until this program ends, by an abstract Unix socket."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0provisr-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _nobody_listens_on(address, port):
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def free_port(address="127.0.0.1"):
    # Below the default range of ephemeral ports, which the system gives to clients.
    while True:
        port = random.randrange(20_000, 32_000)
        if _claim(port) and _nobody_listens_on(address, port):
            return port


def eventually(what, condition):
    """Polls the condition and returns its first true value. It may raise until then."""
    deadline = time.monotonic() + PATIENCE
    while True:
        failure = None
        try:
            if value := condition():
                return value
        except (OSError, AssertionError, KeyError, IndexError, ValueError) as error:
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what} ({failure})")
        time.sleep(0.1)


def has_not_ended(program):
    """Raises if the program has ended, so that eventually() does not wait any longer."""
    if program.poll() is not None:
        raise RuntimeError(f"{program.args} has ended with {program.returncode}")
    return True


@contextlib.contextmanager
def running(command, log):
    """Runs a program during the block. Prints its output if the block fails."""
    with open(log, "wb") as output:
        program = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield program
    except BaseException:
        print(f"--- {log}\n{pathlib.Path(log).read_text(errors='replace')[-4000:]}")
        raise
    finally:
        program.terminate()
        try:
            program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


def fetch(url, headers=None):
    """Returns body and headers."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=20) as answer:
        return answer.read(), answer.headers


@contextlib.contextmanager
def provisrd(build, folder, processes, name="provisrd", addresses=None, token_file=None, enter=(),
             interval="1s"):
    """Runs a daemon with these [[processes]]; keys of process_metrics may precede them. Yields the
    addresses of its API and of /metrics.

    `enter` is a command that runs another command in the network namespace of the daemon."""
    api, metrics = addresses or (f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}")
    config = os.path.join(folder, f"{name}.toml")
    with open(config, "w", encoding="utf-8") as text:
        auth = f'[server.auth]\ntoken_file = "{token_file}"\n' if token_file else ""
        text.write(f'[server]\nlisten = "{api}"\n{auth}[metrics]\nlisten = "{metrics}"\n'
                   f'[metrics.process_metrics]\ninterval = "{interval}"\n{processes}')
    with running([*enter, os.path.join(build, "daemon", "provisrd"), config], f"{config}.log") as daemon:
        eventually(f"{name} answers", lambda: has_not_ended(daemon) and fetch(f"http://{metrics}/healthz"))
        yield api, metrics


class Prometheus:
    """The API of a Prometheus or a compatible server."""

    def __init__(self, address):
        self.url = f"http://{address}"

    def get(self, path, **parameters):
        try:
            body, _ = fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {parameters}: {error.read().decode()}") from error
        answer = json.loads(body)
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression):
        """Returns the samples of an instant query: [({labels}, value)]."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.get("query", query=expression)["result"]]


@contextlib.contextmanager
def prometheus(folder, config, *options):
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={config}", f"--web.listen-address={address}",
               f"--storage.tsdb.path={os.path.join(folder, 'prometheus')}", "--log.level=warn", *options]
    with running(command, os.path.join(folder, "prometheus.log")) as program:
        server = Prometheus(address)
        eventually("Prometheus is ready", lambda: has_not_ended(program) and fetch(f"{server.url}/-/ready"))
        yield server

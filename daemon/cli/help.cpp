#include "daemon/cli/options.hpp"

namespace provisr::daemon {

std::string_view help_text() {
  return R"(provisrd: runs processes and tells what each of them costs

Usage:
  provisrd [OPTION]... FILE
  provisrd [OPTION]... --config FILE
  provisrd --check FILE
  provisrd [OPTION]... run [OPTION]... [--] COMMAND [ARGUMENT]...

The first two run what the configuration FILE says. 'run' needs no file: it
runs one command, without a shell. SIGTERM or Ctrl-C ends provisrd and
everything it started; once more kills what takes its time.

Options:
  --config FILE             read this configuration (TOML)
  --check                   check the configuration and do nothing else: one
                            line for each fault, with file, line and key
  --listen ADDRESS          serve the JSON API here instead of at
                            server.listen; default :8080
  --metrics-listen ADDRESS  serve /metrics for Prometheus here instead of at
                            metrics.listen; default :9090
  --interval DURATION       time between two samples of a process, 10ms to 24h,
                            instead of the file's; default 5s
  --log-level LEVEL         debug, info, warn or error; default info
  --help                    print this text
  --version                 print the version

Options of 'run':
  --name NAME               the process's name: 1 to 128 of A-Z a-z 0-9 . _ -
                            without '..'; default: COMMAND's last component
  --instances N             how many to run, 1 to 1000, as NAME-1 to NAME-N;
                            default 1

An option's value is the next word or follows '=': --interval=1s.
ADDRESS is host:port, :port (all interfaces), [IPv6]:port or unix:/path.
DURATION is as in 100ms, 5s or 1m30s.

Exit status:
  0  ended on request, or the checked configuration is sound
  1  a failure at run time, or output that could not be written
  2  a bad command line or a bad configuration

Examples:
  provisrd /etc/provisr.toml
  provisrd --check /etc/provisr.toml
  provisrd run python3 app.py
  provisrd run --name my-app --instances 3 -- python3 app.py --port 0
  provisrd --listen 127.0.0.1:8080 --interval 1s run ./server
  curl -s 'http://localhost:8080/api/metrics'
)";
}

}  // namespace provisr::daemon

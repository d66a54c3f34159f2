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
runs one command, without a shell. SIGTERM or Ctrl-C ends provisrd and all that
it started.

Options:
  --config FILE             read this configuration (TOML)
  --check                   check the configuration and do nothing else: one
                            line a fault: file, line, key and what is wrong
  --listen ADDRESS          where the JSON API and the web page are served,
                            in place of server.listen; default :8080
  --metrics-listen ADDRESS  where Prometheus finds /metrics,
                            in place of metrics.listen; default :9090
  --interval DURATION       the time between two samples of a process, 10ms to
                            24h, in place of the file's; default 5s
  --log-level LEVEL         debug, info, warn or error; default info
  --help                    print this text
  --version                 print the version

Options of 'run':
  --name NAME               the process's name: 1 to 128 of A-Z a-z 0-9 . _ -
                            without '..'; default: COMMAND's last component
  --instances N             how many to run, 1 to 1000, as NAME-1 to NAME-N;
                            default 1

An option's value follows as the next word or behind '=': --interval=1s.
ADDRESS is host:port, :port (all interfaces), [IPv6]:port or unix:/path.
DURATION is as in 100ms, 5s or 1m30s.

Exit status:
  0  ended as asked, or the checked configuration is sound
  1  a failure at run time
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

#include "daemon/cli/options.hpp"

namespace provisr::daemon {

std::string_view help_text() {
  return R"(provisrd: runs processes and measures what each of them costs

Usage:
  provisrd [OPTION]... FILE
  provisrd [OPTION]... --config FILE
  provisrd --check FILE
  provisrd [OPTION]... run [OPTION]... [--] COMMAND [ARGUMENT]...
  provisrd status [OPTION]... [NAME]...
  provisrd start|stop|restart [OPTION]... NAME...
  provisrd reload [OPTION]...
  provisrd top [OPTION]... [NAME]...

The first two run what the configuration FILE says. 'run' needs no file: it
runs one command, without a shell. SIGTERM or Ctrl-C ends provisrd and
everything it started; a second one kills what has not ended.

The last four ask a provisrd that runs already. 'status' shows all processes,
or all that is known of those that are named, and the last lines of their logs
if they are of this machine. 'start', 'stop' and 'restart' wait until it is
done. 'reload' reads the configuration again. 'top' shows all processes, or
those that are named, and goes on doing so; its key ? tells its keys. NAME is
that of a process or, if there is none, of a base: 'app' is for app-1, app-2
and so on.

Options:
  --config FILE             read this configuration (TOML)
  --check                   check the configuration and do nothing else: one
                            line for each fault, with file, line and key
  --listen ADDRESS          serve the JSON API here instead of at
                            server.listen; default :8080
  --metrics-listen ADDRESS  serve /metrics for Prometheus here instead of at
                            metrics.listen; default :9090
  --interval DURATION       time between two samples of a process, 10ms to 24h,
                            instead of the file's; default 5s. Of 'top': time
                            between two looks, at least 100ms; default 2s
  --log-level LEVEL         debug, info, warn or error; default info
  -h, --help                print this text
  --version                 print the version

Options of 'run':
  --name NAME               the process's name: 1 to 128 of A-Z a-z 0-9 . _ -
                            without '..'; default: COMMAND's last component
  --instances N             how many to run, 1 to 1000, as NAME-1 to NAME-N;
                            default 1

Options of 'status', 'start', 'stop', 'restart', 'reload' and 'top':
  --url URL                 ask this provisrd: http://HOST[:PORT][/BASE_PATH],
                            BASE_PATH as in the configuration, or unix:PATH;
                            default: the environment variable PROVISRD_URL,
                            else http://localhost:8080/api
  --socket PATH             ask the provisrd that listens on this Unix socket
  --token-file FILE         send the token in FILE, if provisrd wants one
  --json                    of 'status' and 'top': print JSON instead of text
  --once                    of 'top': print one table of plain text and end, as
                            it does if it is not on a terminal
  --wait DURATION           of 'start', 'stop' and 'restart': wait that long at
                            most for each NAME, up to 10m; default 1m
  --no-wait                 of the same: do not wait

An option's value is the next word or follows '=': --interval=1s.
ADDRESS is host:port, :port (all interfaces), [IPv6]:port or unix:/path.
DURATION is as in 100ms, 5s or 1m30s.

Exit status:
  0  ended on request, or the checked configuration is sound, or done; for
     'status NAME': it runs
  1  a failure at run time, such as a provisrd that cannot be asked or refuses,
     or output that could not be written
  2  a bad command line or a bad configuration
  3  'status NAME': it does not run
  4  there is no process or base NAME
  'run' ends as COMMAND did, of instances as the first that failed: with its
  status, 128 + the signal's number, or 127 or 126 if it could not be started;
  with 0 if it was asked to end

Examples:
  provisrd /etc/provisr.toml
  provisrd --check /etc/provisr.toml
  provisrd run python3 app.py
  provisrd run --name my-app --instances 3 -- python3 app.py --port 0
  provisrd --listen 127.0.0.1:8080 --interval 1s run ./server
  provisrd status
  provisrd status --url http://127.0.0.1:8080 my-app
  provisrd top my-app
  provisrd top --once --socket /run/provisr.sock
  provisrd restart --token-file ~/token my-app-1
  curl -s 'http://localhost:8080/api/metrics'
)";
}

}  // namespace provisr::daemon

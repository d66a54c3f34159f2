#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/platform/signal_names.hpp"
#include "daemon/platform/user_account.hpp"

#include <provisr/figures.hpp>
#include <provisr/tracking.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Who may do what over HTTP.
struct AuthConfig {
  std::filesystem::path token_file;  ///< empty: there is no token
  std::string token;                 ///< what the file holds; a secret: never shown
  bool protect_reads = false;        ///< whether reading takes the token, too

  bool operator==(const AuthConfig&) const = default;
};

struct ServerConfig {
  ListenAddress listen{.host = "", .port = 8080, .path = ""};
  std::string socket_group;        ///< of a Unix socket; empty: the one that new files get
  std::string base_path = "/api";  ///< starts with '/', never ends with one
  /// Names beside this machine's own that a request may call the server by; "*" is any.
  std::vector<std::string> allowed_hosts;
  std::size_t max_connections = 1024;
  AuthConfig auth;

  bool operator==(const ServerConfig&) const = default;
};

inline constexpr std::chrono::milliseconds default_interval{5000};
inline constexpr std::chrono::milliseconds default_history_ttl = std::chrono::minutes(10);

struct CollectionConfig {
  bool enabled = true;
  std::chrono::milliseconds interval = default_interval;
  std::size_t max_history = 100;
  /// How long the history of a name outlives its removal.
  std::chrono::milliseconds history_ttl = default_history_ttl;
  FurtherFigures further_figures;  ///< to collect beside the others

  bool operator==(const CollectionConfig&) const = default;
};

struct MetricsConfig {
  bool enabled = true;
  ListenAddress listen{.host = "", .port = 9090, .path = ""};
  std::string socket_group;  ///< as of the server
  std::size_t max_connections = 1024;
  CollectionConfig collection;

  bool operator==(const MetricsConfig&) const = default;
};

/// The files that the output of a process is appended to.
struct ProcessLog {
  std::filesystem::path stdout_file;
  std::filesystem::path stderr_file;
  std::filesystem::path directory;  ///< for a file of its own name if none is named above

  bool operator==(const ProcessLog&) const = default;
};

/// What provisrd does once a process has been over a limit for long enough.
enum class LimitAction {
  log,
  restart,
  stop,
};

/// "log", "restart", "stop".
[[nodiscard]] std::string_view to_text(LimitAction action);

/// What a process may use, and what follows if it uses more for too long. With the scope of its
/// samples: of a tree, the limits are of the whole tree.
struct ProcessLimits {
  std::optional<double> max_memory_mb = {};    ///< resident, in units of 1024 * 1024 bytes
  std::optional<double> max_cpu_percent = {};  ///< 100 is one core
  /// How long every valid sample must be over a limit. Less than the interval: one sample is
  /// enough.
  std::chrono::milliseconds breach_duration{30'000};
  LimitAction action = LimitAction::log;

  [[nodiscard]] bool limits_something() const { return max_memory_mb || max_cpu_percent; }

  bool operator==(const ProcessLimits&) const = default;
};

/// What processes are to be that are watched by what they are: a glob for each fact, empty for any.
struct ProcessMatch {
  std::string unit;
  std::string cgroup;
  std::string exe;
  std::string args;  ///< of the arguments, joined by spaces
  std::string user;

  bool operator==(const ProcessMatch&) const = default;
};

/// A process that provisrd starts (`argv` is not empty), or one that somebody else runs and that
/// is only watched (`pid_file` without `argv`), or all those that somebody else runs and that
/// `match` fits.
struct ProcessConfig {
  std::string name;  ///< with `match`, a NameTemplate
  /// What to execute, program first. {"/bin/sh", "-c", ...} for a `command` that needs a shell.
  std::vector<std::string> argv;
  std::filesystem::path work_dir;  ///< empty: the daemon's
  std::vector<std::string> env;    ///< each "KEY=value"; those of all processes come first
  bool inherits_env = true;        ///< whether `env` is added to the daemon's environment
  int instances = 1;
  bool auto_restart = false;
  std::chrono::milliseconds restart_interval{1000};
  /// After a first failed start; 0: restart_interval.
  std::chrono::milliseconds retry_interval{0};
  std::chrono::milliseconds max_restart_interval{60'000};
  /// A process that ends before it has run that long has failed to start.
  std::chrono::milliseconds start_duration{1000};
  std::uint32_t retry_count = 0;  ///< failed starts in a row until it is given up; 0: never
  int stop_signal = default_stop_signal;
  /// How long a process may take to end after the stop signal before it is killed.
  std::chrono::milliseconds stop_timeout{5000};
  std::optional<UserAccount> account;     ///< empty: the daemon's
  SampleScope scope = SampleScope::tree;  ///< of its samples
  ProcessLog log;
  ProcessLimits limits;            ///< of each instance
  std::filesystem::path pid_file;  ///< written if there is an `argv`, else read
  std::optional<ProcessMatch> match;
  std::size_t max_matches = 100;  ///< processes that are watched by `match` at once

  [[nodiscard]] bool is_foreign() const { return argv.empty(); }

  bool operator==(const ProcessConfig&) const = default;
};

/// Whether a process that was started by `a` is one that `b` would start, too: what differs at most
/// is the name, how many there are, what it may use, and when it is started, restarted or stopped.
[[nodiscard]] bool run_the_same(const ProcessConfig& a, const ProcessConfig& b);

/// The same number for two that run the same, in all builds of this version of the state files; for
/// two that do not, another one, but for chance.
[[nodiscard]] std::uint64_t fingerprint_of(const ProcessConfig& process);

struct DaemonConfig {
  std::filesystem::path state_dir;  ///< empty: children end with the daemon

  bool operator==(const DaemonConfig&) const = default;
};

struct Config {
  ServerConfig server;
  MetricsConfig metrics;
  DaemonConfig daemon;
  std::vector<ProcessConfig> processes;

  bool operator==(const Config&) const = default;
};

/// The names of the instances: the process's own for one, "name-1" to "name-N" for more. With
/// `match`, the name that is shown while no process matches.
[[nodiscard]] std::vector<std::string> instance_names(const ProcessConfig& process);

}  // namespace provisr::daemon

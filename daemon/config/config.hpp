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
  std::string token;                 ///< the content of the file; a secret: never shown
  bool protect_reads = false;        ///< whether reading requires the token, too

  bool operator==(const AuthConfig&) const = default;
};

struct ServerConfig {
  ListenAddress listen{.host = "", .port = 8080, .path = ""};
  std::string socket_group;        ///< of a Unix socket; empty: the group that new files get
  std::string base_path = "/api";  ///< starts with '/', never ends with one
  /// Host names that requests may use besides this machine's own names; "*" allows any.
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
  /// How long a history is kept after its name was removed.
  std::chrono::milliseconds history_ttl = default_history_ttl;
  FurtherFigures further_figures;  ///< collected in addition to the others

  bool operator==(const CollectionConfig&) const = default;
};

struct MetricsConfig {
  bool enabled = true;
  ListenAddress listen{.host = "", .port = 9090, .path = ""};
  std::string socket_group;  ///< as in ServerConfig
  std::size_t max_connections = 1024;
  CollectionConfig collection;

  bool operator==(const MetricsConfig&) const = default;
};

/// The files to which the output of a process is appended.
struct ProcessLog {
  std::filesystem::path stdout_file;
  std::filesystem::path stderr_file;
  std::filesystem::path directory;  ///< for files with the process's name if none is given above

  bool operator==(const ProcessLog&) const = default;
};

/// What provisrd does after a process has been over a limit for long enough.
enum class LimitAction {
  log,
  restart,
  stop,
};

/// Returns "log", "restart" or "stop".
[[nodiscard]] std::string_view to_text(LimitAction action);

/// What a process may use, and what provisrd does if it uses more for too long. The limits have the
/// scope of the samples: if these cover a tree, the limits are for the whole tree.
struct ProcessLimits {
  std::optional<double> max_memory_mb = {};    ///< resident, in units of 1024 * 1024 bytes
  std::optional<double> max_cpu_percent = {};  ///< 100 is one core
  /// How long every valid sample must be over a limit. If this is shorter than the sampling
  /// interval, one sample is enough.
  std::chrono::milliseconds breach_duration{30'000};
  LimitAction action = LimitAction::log;

  [[nodiscard]] bool limits_something() const { return max_memory_mb || max_cpu_percent; }

  bool operator==(const ProcessLimits&) const = default;
};

/// The properties of processes to watch: a glob for each property; an empty one matches anything.
struct ProcessMatch {
  std::string unit;
  std::string cgroup;
  std::string exe;
  std::string args;  ///< for the arguments, joined by spaces
  std::string user;

  bool operator==(const ProcessMatch&) const = default;
};

/// A process of one of three kinds: one that provisrd starts (`argv` is not empty); one that
/// somebody else runs and provisrd only watches (`pid_file` without `argv`); or all processes that
/// somebody else runs and that `match` selects.
struct ProcessConfig {
  std::string name;  ///< with `match`, a NameTemplate
  /// Program and arguments. {"/bin/sh", "-c", ...} for a `command` that needs a shell.
  std::vector<std::string> argv;
  std::filesystem::path work_dir;  ///< empty: the daemon's
  std::vector<std::string> env;    ///< each "KEY=value"; the defaults for all processes come first
  bool inherits_env = true;        ///< whether `env` is added to the daemon's environment
  int instances = 1;
  bool auto_restart = false;
  std::chrono::milliseconds restart_interval{1000};
  /// The pause after the first failed start; 0 means restart_interval.
  std::chrono::milliseconds retry_interval{0};
  std::chrono::milliseconds max_restart_interval{60'000};
  /// A process that ends sooner than this has failed to start.
  std::chrono::milliseconds start_duration{1000};
  std::uint32_t retry_count = 0;  ///< failed starts in a row before provisrd gives up; 0: never
  int stop_signal = default_stop_signal;
  /// How long a process may take to end after the stop signal before provisrd kills it.
  std::chrono::milliseconds stop_timeout{5000};
  std::optional<UserAccount> account;     ///< empty: the daemon's
  SampleScope scope = SampleScope::tree;  ///< what its samples cover
  ProcessLog log;
  ProcessLimits limits;            ///< of each instance
  std::filesystem::path pid_file;  ///< written if there is an `argv`, otherwise read
  std::optional<ProcessMatch> match;
  std::size_t max_matches = 100;  ///< the most processes that `match` watches at once

  [[nodiscard]] bool is_external() const { return argv.empty(); }

  bool operator==(const ProcessConfig&) const = default;
};

/// Returns whether a process that was started by `a` can keep running under `b`. The two may differ
/// in name, number of instances, scope, limits and the rules for starts, restarts and stops.
[[nodiscard]] bool runs_same_program(const ProcessConfig& a, const ProcessConfig& b);

/// Returns a hash that is equal for two configurations that run the same, in all builds with this
/// version of the state files. For others it differs, except for hash collisions.
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

/// Returns the names of the instances: the process's own name if there is one instance, "name-1" to
/// "name-N" otherwise. With `match`, returns the name that is shown while no process matches.
[[nodiscard]] std::vector<std::string> instance_names(const ProcessConfig& process);

}  // namespace provisr::daemon

#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Where a server listens. `path` is set for "unix:/path", host and port otherwise.
/// An empty host means all interfaces, an IPv6 host has no brackets, port 0 is any free port.
struct ListenAddress {
  std::string host;
  int port = 0;
  std::string path;

  [[nodiscard]] bool is_unix_socket() const { return !path.empty(); }
  /// The text a configuration file would hold: "host:port", ":port" or "unix:/path".
  [[nodiscard]] std::string to_string() const;
};

struct ServerConfig {
  ListenAddress listen{.host = "", .port = 8080, .path = ""};
  std::string base_path = "/api";  ///< starts with '/', never ends with one
};

struct CollectionConfig {
  bool enabled = true;
  std::chrono::milliseconds interval{5000};
  std::size_t max_history = 100;
};

struct MetricsConfig {
  bool enabled = true;
  ListenAddress listen{.host = "", .port = 9090, .path = ""};
  CollectionConfig collection;
};

/// A process that provisrd starts (it has a command line) or one that somebody else runs
/// (it has a pid_file and no command line).
struct ProcessConfig {
  std::string name;
  /// What to execute, program first. A `command` that needs a shell has become
  /// {"/bin/sh", "-c", command}, any other one was split into words.
  std::vector<std::string> argv;
  std::filesystem::path work_dir;  ///< empty: the daemon's
  std::vector<std::string> env;    ///< "KEY=value"; added to the daemon's environment
  int instances = 1;
  bool auto_restart = false;
  std::chrono::milliseconds restart_interval{1000};
  /// How long a process may take to end after the polite signal before it is killed.
  std::chrono::milliseconds stop_timeout{5000};
  std::filesystem::path pid_file;  ///< written for a process with a command, else read

  [[nodiscard]] bool is_foreign() const { return argv.empty(); }
};

struct Config {
  ServerConfig server;
  MetricsConfig metrics;
  std::vector<ProcessConfig> processes;
};

/// The names under which a process runs: its own, or "name-1" to "name-N" for N > 1 instances.
[[nodiscard]] std::vector<std::string> instance_names(const ProcessConfig& process);

/// One line about a configuration file: "file:line: key: what is wrong".
struct ConfigNotice {
  std::string file;
  std::size_t line = 0;  ///< 1 is the first; 0: the file as a whole
  std::string key;       ///< dotted, as "metrics.process_metrics.interval"; may be empty
  std::string text;

  /// Always one line: control characters are escaped.
  [[nodiscard]] std::string to_string() const;
};

/// A configuration with every fault and every warning that reading it gave.
/// The configuration is to be used only where there are no faults. Both lists go by line.
struct LoadedConfig {
  Config config;
  std::vector<ConfigNotice> faults;
  std::vector<ConfigNotice> warnings;
};

/// Reads and checks a TOML file; collects all faults instead of stopping at the first.
[[nodiscard]] LoadedConfig load_config(const std::filesystem::path& file);

/// As load_config, from text; `file_name` is only used in notices.
[[nodiscard]] LoadedConfig parse_config(std::string_view toml, std::string_view file_name);

/// "100ms", "5s", "1m30s", "1.5s", "2h", in Go's notation; what is finer than a millisecond is
/// dropped, and something must be left. Throws std::invalid_argument with a sentence about what
/// is wrong.
[[nodiscard]] std::chrono::milliseconds parse_duration(std::string_view text);

/// "host:port", ":port", "[::1]:port" or "unix:/path". Throws std::invalid_argument.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view text);

/// The argv for a `command` string: words where plain words and quotes are enough,
/// {"/bin/sh", "-c", command} where it holds anything only a shell understands.
/// Throws std::invalid_argument for an empty command or an unclosed quote. Behind the first
/// thing that needs a shell, quotes are the shell's to judge.
[[nodiscard]] std::vector<std::string> parse_command(std::string_view command);

}  // namespace provisr::daemon

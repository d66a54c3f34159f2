#pragma once

#include "daemon/base/listen_address.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace provisr::daemon {

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

}  // namespace provisr::daemon

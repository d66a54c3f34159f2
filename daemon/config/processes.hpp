#pragma once

#include "daemon/config/config.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A process entry while the configuration is read. Refers to the document and the report.
struct ProcessEntry {
  ProcessConfig config;
  Value keys;  ///< the table with the keys: the entry itself, or its `spec`
  std::optional<Location> limit_action = std::nullopt;  ///< location of the key
  std::optional<Location> match = std::nullopt;         ///< location of the key
};

/// Defaults for every process that provisrd starts.
struct ProcessDefaults {
  std::vector<std::string> env;  ///< come before the process's own, which override them
  bool inherits_env = true;
  ProcessLog log;  ///< for a process that names no file and no folder
};

/// Reads `processes`, an array of tables, and appends the entries. Accepts the flat form and the Go
/// provisr's form (type = "process" and a table `spec`). Reports the faults of each entry.
void read_processes(const Value& value, std::vector<ProcessEntry>& entries);

/// Like read_processes(), for one process in a table of its own.
void read_process(const Value& value, std::vector<ProcessEntry>& entries);

void apply_defaults(const ProcessDefaults& defaults, std::vector<ProcessEntry>& entries);

inline constexpr std::string_view env_range =
    R"(each `"KEY=value"`; `${NAME}` in a value stands for that variable)";

/// Reads a list of environment variables.
void read_env(const Value& value, std::vector<std::string>& env);

/// Reads a table `log`.
void read_log(const Value& value, ProcessLog& log);

/// Appends the keys of a process to `documented`.
void document_process_keys(std::vector<KnownKey>& documented);

}  // namespace provisr::daemon

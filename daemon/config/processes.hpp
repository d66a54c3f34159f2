#pragma once

#include "daemon/config/config.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// A process while the configuration is read. Refers to its document and the report.
struct ProcessEntry {
  ProcessConfig config;
  Value keys;  ///< the table with the keys: the entry itself, or its `spec`
  std::optional<Location> limit_action = std::nullopt;  ///< where it stands
  std::optional<Location> match = std::nullopt;         ///< where it stands
};

/// What holds for every process that provisrd runs, unless it says otherwise.
struct ProcessDefaults {
  std::vector<std::string> env;  ///< its own come after these, and win
  bool inherits_env = true;
  ProcessLog log;  ///< of a process that names no file and no folder of its own
};

/// Reads `processes`, an array of tables, in the flat form and in that of the Go provisr
/// (type = "process" and a table `spec`), and appends them. Reports the faults of each.
void read_processes(const Value& value, std::vector<ProcessEntry>& entries);

/// The same of one process, in a table of its own.
void read_process(const Value& value, std::vector<ProcessEntry>& entries);

/// Reports the faults between processes, and at `where` if there are too many.
void check_processes(const std::vector<ProcessEntry>& entries, const Location& where,
                     Report& report);

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

#pragma once

#include "daemon/config/config.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/reader.hpp"

#include <vector>

namespace provisr::daemon {

/// Reads `processes`, an array of tables, in the flat form and in that of the Go provisr
/// (type = "process" and a table `spec`). Reports the faults of each and between them.
[[nodiscard]] std::vector<ProcessConfig> read_processes(const Value& value);

/// Appends the keys of a process to `documented`.
void document_process_keys(std::vector<KnownKey>& documented);

}  // namespace provisr::daemon

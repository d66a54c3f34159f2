#pragma once

#include "daemon/config/config.hpp"
#include "daemon/config/reader.hpp"

#include <vector>

namespace provisr::daemon {

/// Reads `processes`, an array of tables, in the flat form and in the Go provisr's
/// (type = "process" and a table `spec`). Reports what is wrong with each and between them.
[[nodiscard]] std::vector<ProcessConfig> read_processes(const Value& value);

}  // namespace provisr::daemon

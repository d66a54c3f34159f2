#pragma once

#include "daemon/base/json_text.hpp"
#include "daemon/supervisor/exit_log.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Writes the member "code" or "signal".
void write_exit_status(JsonText& json, const ExitStatus& status);

/// Writes a record as a JSON object. Leaves out what is unknown.
void write_exit(JsonText& json, const ExitRecord& record);

/// Returns the record as an event. If the system does not report how the process ended, `error`
/// describes the end, unless it is empty.
[[nodiscard]] std::string exited_json(const ExitRecord& record, std::string_view error = {});

[[nodiscard]] std::string exits_json(const ExitLog::Records& records);

}  // namespace provisr::daemon

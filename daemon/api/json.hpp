#pragma once

#include "daemon/supervisor/process_status.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Everything the daemon says as JSON. A figure that is unknown is left out.
namespace provisr::daemon {

/// Name → sample, for every running process.
[[nodiscard]] std::string metrics_json(const Snapshot& snapshot);

[[nodiscard]] std::string sample_json(std::string_view name, const ProcessMetrics& sample);

[[nodiscard]] std::string history_json(std::string_view name,
                                       const std::vector<ProcessMetrics>& history);

[[nodiscard]] std::string group_json(std::string_view base, const GroupTotals& totals,
                                     const Snapshot& snapshot);

[[nodiscard]] std::string status_json(const StatusList& processes, MonotonicTime now);

}  // namespace provisr::daemon

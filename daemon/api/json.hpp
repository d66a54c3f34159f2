#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/observer.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Everything the daemon says as JSON. A figure that is unknown is left out.
namespace provisr::daemon {

/// Name → sample, for every running process.
[[nodiscard]] std::string metrics_json(const Snapshot& snapshot);

[[nodiscard]] std::string sample_json(std::string_view name, const ProcessMetrics& sample);

/// {"process", "history": [sample, ...]} is this, samples_json() for each part with commas in
/// between, and history_json_end.
[[nodiscard]] std::string history_json_begin(std::string_view name);
[[nodiscard]] std::string samples_json(std::string_view name,
                                       const std::vector<ProcessMetrics>& samples);
inline constexpr std::string_view history_json_end = "]}";

[[nodiscard]] std::string group_json(std::string_view base, const GroupTotals& totals,
                                     const Snapshot& snapshot);

/// A start, with the status that it led to.
[[nodiscard]] std::string started_json(const ProcessStatus& process, Timestamp at,
                                       MonotonicTime now);

[[nodiscard]] std::string tick_json(const TickEvent& tick);

/// {"names": [...]}.
[[nodiscard]] std::string names_json(const std::vector<std::string>& names);

/// Where the servers listen; empty: that one does not.
struct ListeningOn {
  std::optional<ListenAddress> api;
  std::optional<ListenAddress> metrics;
};

[[nodiscard]] std::string status_json(const StatusList& processes, const ListeningOn& listening,
                                      MonotonicTime now);

}  // namespace provisr::daemon

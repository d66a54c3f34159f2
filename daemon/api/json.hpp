#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/base/listen_address.hpp"
#include "daemon/platform/machine_resources.hpp"
#include "daemon/supervisor/limit_breach.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/observer.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/query.hpp>
#include <provisr/snapshot.hpp>

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Everything the daemon says as JSON. A figure that is unknown is left out.
namespace provisr::daemon {

/// Name → sample, for every running process.
[[nodiscard]] std::string metrics_json(const Snapshot& snapshot);

[[nodiscard]] std::string sample_json(std::string_view name, const SampleView& sample);

/// {KEY: name, "history": [row, ...]} is this, rows with commas in between, and history_json_end.
[[nodiscard]] std::string history_json_begin(std::string_view key, std::string_view name);
[[nodiscard]] std::string samples_json(std::string_view name, std::span<const SampleView> samples,
                                       const Fields& fields);
[[nodiscard]] std::string steps_json(const std::deque<StepRow>& rows, const Fields& fields);
inline constexpr std::string_view history_json_end = "]}";

[[nodiscard]] std::string group_json(std::string_view base, const GroupTotals& totals,
                                     const Snapshot& snapshot);

/// What the instances of a base had within a step.
struct GroupRow {
  Timestamp begin{};
  std::size_t process_count = 0;  ///< instances with samples
  Figure<double> total_cpu;       ///< percent of one core
  Figure<double> total_memory_mb;
};
[[nodiscard]] std::string group_history_json(std::string_view base, std::span<const GroupRow> rows,
                                             const Fields& fields);

/// A start, with the status that it led to.
[[nodiscard]] std::string started_json(const ProcessStatus& process, Timestamp at,
                                       MonotonicTime now);

/// A breach that begins.
[[nodiscard]] std::string limit_json(const LimitBreach& breach, Timestamp at);

[[nodiscard]] std::string tick_json(const TickEvent& tick);

/// {"names": [...]}.
[[nodiscard]] std::string names_json(const std::vector<std::string>& names);

/// Where the servers listen; empty: that one does not.
struct ListeningOn {
  std::optional<ListenAddress> api;
  std::optional<ListenAddress> metrics;
};

/// What provisrd runs on.
struct MachineReport {
  std::string name;  ///< empty: it has none
  MachineResources resources;
};

/// `limits` are those of any processes; the status of a process tells its own. `control` is what
/// control takes here ("none", "token", "open"); empty: nothing is said of it.
[[nodiscard]] std::string status_json(const StatusList& processes, const ListeningOn& listening,
                                      MonotonicTime now, const LimitReport& limits = {},
                                      std::string_view control = {},
                                      const MachineReport& machine = {});

}  // namespace provisr::daemon

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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The JSON texts of answers and events. Unknown figures are left out.
namespace provisr::daemon {

/// Returns the samples of all running processes, by name.
[[nodiscard]] std::string metrics_json(const Snapshot& snapshot);

[[nodiscard]] std::string sample_json(std::string_view name, const SampleView& sample);

/// Returns the beginning of {KEY: name, "history": [row, ...]}. Rows, separated by commas, and
/// history_json_end must follow.
[[nodiscard]] std::string history_json_begin(std::string_view key, std::string_view name);
[[nodiscard]] std::string samples_json(std::string_view name, std::span<const SampleView> samples,
                                       const Fields& fields);
[[nodiscard]] std::string steps_json(std::span<const StepRow> rows, const Fields& fields);
inline constexpr std::string_view history_json_end = "]}";

[[nodiscard]] std::string group_json(std::string_view base, const GroupTotals& totals,
                                     const Snapshot& snapshot);

/// The totals of the instances of a base in one step.
struct GroupRow {
  Timestamp begin{};
  std::size_t process_count = 0;  ///< instances with samples
  Figure<double> total_cpu;       ///< percent of one core
  Figure<double> total_memory_mb;
};
[[nodiscard]] std::string group_rows_json(std::span<const GroupRow> rows, const Fields& fields);

/// Describes a start, with the status after it.
[[nodiscard]] std::string started_json(const ProcessStatus& process, Timestamp at,
                                       MonotonicTime now);

/// Describes a breach that has begun.
[[nodiscard]] std::string limit_json(const LimitBreach& breach, Timestamp at);

[[nodiscard]] std::string tick_json(const TickEvent& tick);

/// Returns {"names": [...]}.
[[nodiscard]] std::string names_json(const std::vector<std::string>& names);

/// Where the servers listen; empty for a server that does not.
struct ListeningOn {
  std::optional<ListenAddress> api;
  std::optional<ListenAddress> metrics;
};

/// The machine that provisrd runs on.
struct MachineReport {
  std::string name;  ///< empty: it has none
  MachineResources resources;
};

/// `limits` may be those of any processes; the status of a process shows its own. `control` is what
/// a client needs for control ("none", "token", "open"); if empty, it is left out.
[[nodiscard]] std::string status_json(const StatusList& processes, const ListeningOn& listening,
                                      MonotonicTime now, const LimitReport& limits = {},
                                      std::string_view control = {},
                                      const MachineReport& machine = {});

}  // namespace provisr::daemon

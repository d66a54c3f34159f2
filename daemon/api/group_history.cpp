#include "daemon/api/group_history.hpp"

#include "daemon/api/json.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/sliced_answer.hpp"
#include "daemon/api/time_order.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

class GroupHistory final : public SlicedWork {
 public:
  GroupHistory(std::string base, const std::vector<HistoryView>& histories,
               const HistoryQuery& query)
      : base_(std::move(base)), query_(query), stepper_(*query.step, query.aggregate) {
    for (const HistoryView& history : histories) instances_.emplace_back(history, query.range);
  }

  /// Works through one instance after the other, so that each counts once in a step.
  [[nodiscard]] bool work() override {
    constexpr std::size_t most = 1024;
    for (std::size_t looked_at = 0; looked_at < samples_in_a_slice;) {
      if (instances_.empty()) return true;
      TimeOrder& samples = instances_.front();
      looked_at +=
          1 + samples.work(most, [this](const SampleView& sample) { add(stepper_.add(sample)); });
      if (!samples.is_done()) continue;
      add(stepper_.finish());
      instances_.pop_front();
    }
    return false;
  }

  [[nodiscard]] std::string text() override {
    std::vector<GroupRow> rows;
    for (const auto& [begin, totals] : steps_) {
      rows.push_back({.begin = begin,
                      .process_count = totals.processes,
                      .total_cpu = totals.cpu.total(totals.processes),
                      .total_memory_mb = totals.memory_mb.total(totals.processes)});
    }
    const std::size_t kept = std::min<std::uint64_t>(query_.limit, rows.size());
    return group_history_json(base_, std::span(rows).last(kept), query_.fields);
  }

 private:
  struct Totals {
    std::size_t processes = 0;
    KnownSum cpu;
    KnownSum memory_mb;
  };

  void add(const std::optional<StepRow>& row) {
    if (!row) return;
    Totals& totals = steps_[row->begin];
    ++totals.processes;
    totals.cpu.add(row->values[figure_place<figures>("cpu_percent")]);
    totals.memory_mb.add(row->values[figure_place<figures>("memory_mb")]);
    // If the clock was set, there may be more steps than the first and last samples suggest.
    if (steps_.size() > max_steps) steps_.erase(steps_.begin());
  }

  std::string base_;
  HistoryQuery query_;
  Stepper stepper_;
  std::deque<TimeOrder> instances_;  ///< that are not done yet
  std::map<Timestamp, Totals> steps_;
};

}  // namespace

std::span<const std::string_view> group_history_fields() {
  static constexpr auto keys =
      std::to_array<std::string_view>({"timestamp", "process_count", "total_cpu", "total_memory"});
  return keys;
}

HttpAnswer group_history_answer(std::string base, const Snapshot& snapshot, HistoryQuery query,
                                std::chrono::nanoseconds default_step) {
  std::vector<HistoryView> histories;
  snapshot.for_each_instance(
      base, [&](const Snapshot::Process& process) { histories.push_back(process.history_view()); });
  if (histories.empty()) {
    throw Refusal{404, fmt::format("there is no process of the base \"{}\"", base)};
  }
  const auto step = query.step.value_or(default_step);
  const std::uint64_t steps = steps_in(histories, query.range, step);
  if (query.step) require_bounded(steps);
  // One more than needed: steps that are longer begin and end elsewhere.
  const std::uint64_t multiple = steps > max_steps ? steps / max_steps + 1 : 1;
  query.step = step * static_cast<std::int64_t>(multiple);
  return sliced_answer(std::make_shared<GroupHistory>(std::move(base), histories, query));
}

}  // namespace provisr::daemon

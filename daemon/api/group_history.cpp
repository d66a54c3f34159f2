#include "daemon/api/group_history.hpp"

#include "daemon/api/history_rows.hpp"
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
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] FigureSet summed_figures(const Fields& fields) {
  FigureSet set;
  set[figure_place<figures>("cpu_percent")] = fields.has("total_cpu");
  set[figure_place<figures>("memory_mb")] = fields.has("total_memory");
  return set;
}

[[nodiscard]] std::uint64_t longest_of(const std::vector<HistoryView>& histories) {
  std::uint64_t longest = 0;
  for (const HistoryView& history : histories) longest = std::max(longest, history.left());
  return longest;
}

class GroupHistory final : public PreparedWork {
 public:
  GroupHistory(std::string_view base, const std::vector<HistoryView>& histories,
               const HistoryQuery& query)
      : most_steps_(std::min(query.limit, max_steps)),
        stepper_(StepperOptions{.step = *query.step,
                                .aggregate = query.aggregate,
                                .most_samples = static_cast<std::size_t>(longest_of(histories)),
                                .wanted = summed_figures(query.fields)}),
        rows_("base", base, query.fields, &group_rows_json) {
    for (const HistoryView& history : histories) instances_.emplace_back(history, query.range);
  }

  /// Works through one instance after the other, so that each counts once in a step.
  [[nodiscard]] bool prepare() override {
    constexpr std::size_t most = 1024;
    for (std::size_t looked_at = 0; looked_at < samples_in_a_slice;) {
      if (instances_.empty()) {
        make_rows();
        return true;
      }
      TimeOrder& samples = instances_.front();
      looked_at +=
          1 + samples.work(most, [this](const SampleView& sample) { add(stepper_->add(sample)); });
      if (!samples.is_done()) continue;
      add(stepper_->finish());
      instances_.pop_front();
    }
    return false;
  }

  [[nodiscard]] bool work(std::string& text) override {
    if (!rows_.move_to(text)) return false;
    text += history_json_end;
    return true;
  }

 private:
  struct Totals {
    std::size_t processes = 0;
    KnownSum cpu;
    KnownSum memory_mb;
  };

  /// Forgets a step that is not among the newest. If it comes again, it is forgotten again, because
  /// the number of steps never falls.
  void add(const std::optional<StepRow>& row) {
    if (!row) return;
    Totals& totals = steps_[row->begin];
    ++totals.processes;
    totals.cpu.add(row->values[figure_place<figures>("cpu_percent")]);
    totals.memory_mb.add(row->values[figure_place<figures>("memory_mb")]);
    if (steps_.size() > most_steps_) steps_.erase(steps_.begin());
  }

  void make_rows() {
    for (const auto& [begin, totals] : steps_) {
      rows_.add({.begin = begin,
                 .process_count = totals.processes,
                 .total_cpu = totals.cpu.total(totals.processes),
                 .total_memory_mb = totals.memory_mb.total(totals.processes)});
    }
    steps_.clear();
    stepper_.reset();
  }

  std::uint64_t most_steps_;
  std::optional<Stepper> stepper_;   ///< empty once the rows are made
  std::deque<TimeOrder> instances_;  ///< that are not done yet
  std::map<Timestamp, Totals> steps_;
  HistoryRows<GroupRow> rows_;
};

}  // namespace

std::span<const std::string_view> group_history_fields() {
  static constexpr auto keys =
      std::to_array<std::string_view>({"timestamp", "process_count", "total_cpu", "total_memory"});
  return keys;
}

HttpAnswer group_history_answer(std::string_view base, const Snapshot& snapshot, HistoryQuery query,
                                std::chrono::nanoseconds default_step,
                                const std::shared_ptr<Turns>& turns) {
  std::vector<HistoryView> histories;
  snapshot.for_each_instance(
      base, [&](const Snapshot::Process& process) { histories.push_back(process.history_view()); });
  if (histories.empty()) throw unknown({.is_base = true, .name = std::string(base)});
  if (query.step) {
    require_bounded(histories, query.range, *query.step);
  } else {
    query.step = bounded_step(histories, query.range, default_step);
  }
  const bool is_short = samples_left(histories) <= samples_in_a_slice;
  return answer_in_turn(std::make_shared<GroupHistory>(base, histories, query), is_short, turns);
}

}  // namespace provisr::daemon

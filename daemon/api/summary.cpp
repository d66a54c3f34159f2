#include "daemon/api/summary.hpp"

#include "daemon/api/history_query.hpp"
#include "daemon/api/sliced_answer.hpp"
#include "daemon/base/json_text.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_samples = 100'000;
constexpr std::size_t rows_at_once = 1024;

/// Looks for the samples in a range, to tell before the answer begins how many there are.
class SampleSearch {
 public:
  /// At least `first_look` samples are looked at, even if none of them is in the range.
  SampleSearch(const TimeRange& range, std::size_t first_look)
      : range_(range), first_look_(first_look) {}

  /// Returns the shortest newest part of a history that has all samples in the range. Looks at
  /// twice as many, so the cost depends on the window, not on the history. Stops soon after
  /// max_samples.
  [[nodiscard]] HistoryView part_in_range(const HistoryView& history) {
    constexpr std::uint64_t at_once = 256;
    std::uint64_t looked_at = 0;
    std::uint64_t needed = 0;
    while (found_ <= max_samples && looked_at < std::min(history.left(), most_for(needed))) {
      const std::uint64_t count = std::min(at_once, history.left() - looked_at);
      samples_.clear();
      HistoryView part = history.part(history.left() - looked_at - count, count);
      part.read(count, samples_);
      for (auto sample = samples_.rbegin(); sample != samples_.rend(); ++sample) {
        ++looked_at;
        if (!range_.contains(sample->timestamp)) continue;
        ++found_;
        needed = looked_at;
      }
      if (samples_.size() < count) break;  // the rest is overwritten
    }
    HistoryView newest = history;
    newest.keep_newest(needed);
    return newest;
  }
  [[nodiscard]] std::size_t found() const { return found_; }

 private:
  [[nodiscard]] std::uint64_t most_for(std::uint64_t needed) const {
    return std::max<std::uint64_t>(first_look_, 2 * needed);
  }

  TimeRange range_;
  std::size_t first_look_;
  std::size_t found_ = 0;
  std::vector<ProcessMetrics> samples_;
};

/// Returns how many samples of each history are looked at for a window, so that a clock that was
/// wrong for a while hides no older ones. Bounded, because histories may hold nothing of the
/// window.
[[nodiscard]] std::size_t samples_in(std::chrono::nanoseconds window,
                                     std::chrono::nanoseconds interval, std::size_t histories) {
  const std::size_t count = std::max<std::size_t>(histories, 1);
  const std::size_t least = std::clamp<std::size_t>(max_samples / count, 32, 256);
  const auto taken = static_cast<std::uint64_t>(window / std::max(interval, 1ns)) + 2;
  return std::max(least,
                  static_cast<std::size_t>(std::min<std::uint64_t>(taken, max_samples / count)));
}

void write_distribution(JsonText& json, const Distribution& distribution) {
  json.object([&] {
    json.member("min", distribution.min);
    json.member("avg", distribution.average);
    json.member("max", distribution.max);
    json.member("p50", distribution.p50);
    json.member("p95", distribution.p95);
    json.member("p99", distribution.p99);
    json.member("count", std::uint64_t{distribution.count});
  });
}

/// The answer: first collects the samples, then evaluates one figure after the other.
class Summary final : public PreparedWork {
 public:
  Summary(Target target, std::chrono::milliseconds window, const TimeRange& range,
          std::vector<HistoryView> histories, std::size_t samples)
      : target_(std::move(target)),
        window_(window),
        range_(range),
        histories_(std::move(histories)),
        expected_(samples) {}

  [[nodiscard]] bool prepare() override {
    if (!histories_.empty()) {
      collect();
    } else if (evaluated_ < figure_count<figures>) {
      evaluate_next();
    }
    const bool is_done = histories_.empty() && evaluated_ == figure_count<figures>;
    if (is_done) samples_ = {};
    return is_done;
  }

  [[nodiscard]] bool work(std::string& text) override {
    JsonText json;
    json.object([&] {
      json.member(target_.is_base ? "base" : "name", target_.name);
      json.member("window_seconds", std::chrono::duration<double>(window_).count());
      json.key("figures");
      json.object([&] { write_figures(json); });
    });
    text += json.str();
    return true;
  }

 private:
  void collect() {
    if (samples_.metrics.empty()) samples_.metrics.reserve(expected_);
    SampleRows some;
    for (std::size_t looked_at = 0; looked_at < samples_in_a_slice && !histories_.empty();) {
      HistoryView& history = histories_.back();
      looked_at +=
          1 + static_cast<std::size_t>(std::min<std::uint64_t>(rows_at_once, history.left()));
      history.read(rows_at_once, some);
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (range_.contains(some.metrics[i].timestamp)) samples_.push_back(some[i]);
      }
      if (history.left() == 0) histories_.pop_back();
    }
  }

  void evaluate_next() {
    std::size_t place = 0;
    for_each_figure<figures>([&](auto figure) {
      if (place++ != evaluated_ || decltype(figure)::info.json_key.empty()) return;
      distributions_[evaluated_] =
          distribution_of(samples_.size(), [&](std::size_t i) { return figure.of(samples_[i]); });
    });
    ++evaluated_;
  }

  void write_figures(JsonText& json) const {
    std::size_t place = 0;
    for_each_figure<figures>([&](auto figure) {
      const Distribution& distribution = distributions_[place++];
      if (distribution.count == 0) return;
      json.key(decltype(figure)::info.json_key);
      write_distribution(json, distribution);
    });
  }

  Target target_;
  std::chrono::milliseconds window_;
  TimeRange range_;
  std::vector<HistoryView> histories_;  ///< not collected yet
  std::size_t expected_;
  SampleRows samples_;
  std::size_t evaluated_ = 0;  ///< figures
  std::array<Distribution, figure_count<figures>> distributions_;
};

[[nodiscard]] std::vector<HistoryView> histories_of(const Target& target,
                                                    const Snapshot& snapshot) {
  std::vector<HistoryView> histories;
  const auto take = [&](const Snapshot::Process& process) {
    histories.push_back(process.history_view());
  };
  if (target.is_base) {
    snapshot.for_each_instance(target.name, take);
  } else if (const auto process = snapshot.find(target.name)) {
    take(*process);
  }
  if (!histories.empty()) return histories;
  throw unknown(target);
}

}  // namespace

HttpAnswer summary_answer(const Target& target, const Snapshot& snapshot,
                          std::chrono::milliseconds window, Timestamp now,
                          std::chrono::nanoseconds interval, const std::shared_ptr<Turns>& turns) {
  const TimeRange range{.since = now - window, .until = now + Timestamp::duration(1)};
  std::vector<HistoryView> histories = histories_of(target, snapshot);
  SampleSearch search(range, samples_in(window, interval, histories.size()));
  for (HistoryView& history : histories) history = search.part_in_range(history);
  if (search.found() > max_samples) {
    throw Refusal{400,
                  fmt::format("there are more than {} samples in the window: use a shorter one",
                              max_samples)};
  }
  const bool is_short = samples_left(histories) <= samples_in_a_slice;
  return answer_in_turn(
      std::make_shared<Summary>(target, window, range, std::move(histories), search.found()),
      is_short, turns);
}

}  // namespace provisr::daemon

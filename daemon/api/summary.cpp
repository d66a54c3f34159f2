#include "daemon/api/summary.hpp"

#include "daemon/api/json.hpp"
#include "daemon/base/json_text.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace provisr::daemon {
namespace {

using namespace std::chrono_literals;

/// Sorting more samples would delay other clients.
constexpr std::size_t max_samples = 100'000;

/// Collects the samples in the range. Reads the newest `first_look`, then twice as many each time
/// until none of the older half is in the range. So the cost depends on the window, not on the
/// history. Stops soon after max_samples.
void collect(const HistoryView& history, const TimeRange& range, std::size_t first_look,
             SampleRows& samples) {
  if (samples.size() > max_samples) return;
  SampleRows newest;
  for (std::size_t count = first_look;; count *= 2) {
    HistoryView end = history;
    end.keep_newest(count);
    end.read(count, newest);
    const auto first = newest.metrics.begin();
    const bool may_be_more =
        history.left() > count && count <= max_samples &&
        std::any_of(first, first + static_cast<std::ptrdiff_t>((newest.size() + 1) / 2),
                    [&](const ProcessMetrics& one) { return range.contains(one.timestamp); });
    if (!may_be_more) break;
  }
  for (std::size_t i = 0; i < newest.size(); ++i) {
    if (range.contains(newest.metrics[i].timestamp)) samples.push_back(newest[i]);
  }
}

/// Returns how many samples of each history are taken in a window, so that a clock that was wrong
/// for a while hides no older ones. Bounded, because histories may hold nothing of the window.
[[nodiscard]] std::size_t samples_in(std::chrono::nanoseconds window,
                                     std::chrono::nanoseconds interval, std::size_t histories) {
  constexpr std::size_t least = 256;
  const auto taken = static_cast<std::uint64_t>(window / std::max(interval, 1ns)) + 2;
  const std::uint64_t most = max_samples / std::max<std::size_t>(histories, 1);
  return std::max(least, static_cast<std::size_t>(std::min(taken, most)));
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

void write_figures(JsonText& json, const SampleRows& samples) {
  for_each_figure<figures>([&](auto figure) {
    if constexpr (!decltype(figure)::info.json_key.empty()) {
      const Distribution distribution =
          distribution_of(samples.size(), [&](std::size_t i) { return figure.of(samples[i]); });
      if (distribution.count == 0) return;
      json.key(decltype(figure)::info.json_key);
      write_distribution(json, distribution);
    }
  });
}

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
  throw Refusal{404, fmt::format("there is no process {} \"{}\"",
                                 target.is_base ? "of the base" : "named", target.name)};
}

}  // namespace

HttpAnswer summary_answer(const Target& target, const Snapshot& snapshot,
                          std::chrono::milliseconds window, Timestamp now,
                          std::chrono::nanoseconds interval) {
  const TimeRange range{.since = now - window};
  const std::vector<HistoryView> histories = histories_of(target, snapshot);
  const std::size_t first_look = samples_in(window, interval, histories.size());
  SampleRows samples;
  for (const HistoryView& history : histories) collect(history, range, first_look, samples);
  if (samples.size() > max_samples) {
    throw Refusal{400,
                  fmt::format("there are more than {} samples in the window: use a shorter one",
                              max_samples)};
  }
  JsonText json;
  json.object([&] {
    json.member(target.is_base ? "base" : "name", target.name);
    json.member("window_seconds", std::chrono::duration<double>(window).count());
    json.key("figures");
    json.object([&] { write_figures(json, samples); });
  });
  return json_answer(json.str());
}

}  // namespace provisr::daemon

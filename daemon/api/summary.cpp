#include "daemon/api/summary.hpp"

#include "daemon/api/json.hpp"
#include "daemon/base/json_text.hpp"

#include <provisr/aggregator.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace provisr::daemon {
namespace {

/// Sorting more samples would delay other clients.
constexpr std::size_t max_samples = 100'000;

/// Collects the samples in the range. Reads twice as many of the newest samples each time until
/// none of the older half is in the range. So the cost depends on the window, not on the history,
/// and a clock that was wrong for a while hides no older samples. Stops soon after max_samples.
void collect(const HistoryView& history, const TimeRange& range, SampleRows& samples) {
  if (samples.size() > max_samples) return;
  SampleRows newest;
  for (std::size_t count = 256;; count *= 2) {
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

[[nodiscard]] SampleRows samples_of(const Target& target, const Snapshot& snapshot,
                                    const TimeRange& range) {
  SampleRows samples;
  bool is_known = false;
  const auto take = [&](const Snapshot::Process& process) {
    is_known = true;
    collect(process.history_view(), range, samples);
  };
  if (target.is_base) {
    snapshot.for_each_instance(target.name, take);
  } else if (const auto process = snapshot.find(target.name)) {
    take(*process);
  }
  if (is_known) return samples;
  throw Refusal{404, fmt::format("there is no process {} \"{}\"",
                                 target.is_base ? "of the base" : "named", target.name)};
}

}  // namespace

HttpAnswer summary_answer(const Target& target, const Snapshot& snapshot,
                          std::chrono::milliseconds window, Timestamp now) {
  const TimeRange range{.since = now - window};
  const SampleRows samples = samples_of(target, snapshot, range);
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

#include "daemon/api/history_query.hpp"

#include "daemon/api/parameters.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <system_error>
#include <unordered_set>

namespace provisr::daemon {
namespace {

constexpr std::chrono::milliseconds least_step{100};
constexpr std::chrono::hours longest_step{24 * 366};

struct NamedAggregate {
  std::string_view name;
  Aggregate aggregate;
};
constexpr auto aggregates = std::to_array<NamedAggregate>({{"avg", Aggregate::average},
                                                           {"min", Aggregate::minimum},
                                                           {"max", Aggregate::maximum},
                                                           {"last", Aggregate::last},
                                                           {"p95", Aggregate::p95}});

[[nodiscard]] TimeRange range_of(const HttpQuery& query) {
  TimeRange range;
  range.since = optional_time(query, "since").value_or(range.since);
  range.until = optional_time(query, "until").value_or(range.until);
  return range;
}

[[nodiscard]] std::uint64_t limit_of(const HttpQuery& query, std::uint64_t otherwise) {
  const std::optional<std::string> text = query.find("limit");
  if (!text) return otherwise;
  std::uint64_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, limit);
  if (rest == end && error == std::errc::result_out_of_range) return UINT64_MAX;
  if (rest == end && error == std::errc{} && limit >= 1) return limit;
  throw Refusal{400, "the parameter \"limit\" must be a whole number, at least 1"};
}

[[nodiscard]] std::optional<std::chrono::nanoseconds> step_of_query(const HttpQuery& query) {
  const auto step = optional_duration(query, "step", longest_step);
  if (step && *step < least_step) {
    throw Refusal{400, "the parameter \"step\" must be at least 100ms"};
  }
  return step;
}

[[nodiscard]] Aggregate aggregate_of(const HttpQuery& query, Aggregate otherwise) {
  const std::optional<std::string> name = query.find("agg");
  if (!name) return otherwise;
  for (const NamedAggregate& known : aggregates) {
    if (known.name == *name) return known.aggregate;
  }
  throw Refusal{400, "the parameter \"agg\" must be avg, min, max, last or p95"};
}

[[nodiscard]] Fields fields_of(const HttpQuery& query, std::span<const std::string_view> known) {
  const std::optional<std::string> text = query.find("fields");
  if (!text) return {};
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find(',', begin), text->size());
    std::string name = text->substr(begin, end - begin);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw Refusal{400, fmt::format("the parameter \"fields\" names \"{}\"; there are {}", name,
                                     fmt::join(known, ", "))};
    }
    const bool is_first = std::find(names.begin(), names.end(), name) == names.end();
    if (is_first) names.push_back(std::move(name));
    begin = end + 1;
  }
  return Fields(std::move(names));
}

/// Returns the time of the oldest sample; empty if there is none.
[[nodiscard]] std::optional<Timestamp> first_time(HistoryView history) {
  std::vector<ProcessMetrics> samples;
  while (samples.empty() && history.left() > 0) history.read(1, samples);
  if (samples.empty()) return std::nullopt;
  return samples.front().timestamp;
}

[[nodiscard]] std::optional<Timestamp> last_time(HistoryView history) {
  history.keep_newest(1);
  return first_time(std::move(history));
}

/// Looking through so many samples takes a few milliseconds.
constexpr std::uint64_t most_looked_through = 131'072;

/// Counts the steps that have samples, up to max_steps + 1.
class FilledSteps {
 public:
  FilledSteps(const TimeRange& range, std::chrono::nanoseconds step) : range_(range), step_(step) {}

  void add(HistoryView history) {
    constexpr std::size_t at_once = 1024;
    std::vector<ProcessMetrics> samples;
    while (history.left() > 0 && count() <= max_steps) {
      samples.clear();
      history.read(at_once, samples);
      for (const ProcessMetrics& sample : samples) add(sample.timestamp);
    }
  }
  [[nodiscard]] std::uint64_t count() const { return begins_.size(); }

 private:
  void add(Timestamp time) {
    if (!range_.contains(time) || count() > max_steps) return;
    const Timestamp begin = step_of(time, step_);
    if (begin == last_) return;
    begins_.insert(begin.time_since_epoch().count());
    last_ = begin;
  }

  TimeRange range_;
  std::chrono::nanoseconds step_;
  std::optional<Timestamp> last_;
  std::unordered_set<std::int64_t> begins_;
};

[[nodiscard]] bool are_bounded(std::span<const HistoryView> histories, const TimeRange& range,
                               std::chrono::nanoseconds step) {
  FilledSteps steps(range, step);
  for (const HistoryView& history : histories) steps.add(history);
  return steps.count() <= max_steps;
}

}  // namespace

HistoryQuery history_query(const HttpQuery& query, std::span<const std::string_view> known) {
  HistoryQuery result;
  result.range = range_of(query);
  result.limit = limit_of(query, result.limit);
  result.step = step_of_query(query);
  result.aggregate = aggregate_of(query, result.aggregate);
  result.fields = fields_of(query, known);
  return result;
}

std::uint64_t steps_in(std::span<const HistoryView> histories, const TimeRange& range,
                       std::chrono::nanoseconds step) {
  Timestamp oldest = Timestamp::max();
  Timestamp newest = Timestamp::min();
  for (const HistoryView& history : histories) {
    for (const auto time : {first_time(history), last_time(history)}) {
      oldest = std::min(oldest, time.value_or(oldest));
      newest = std::max(newest, time.value_or(newest));
    }
  }
  const Timestamp begin = std::max(oldest, range.since);
  if (newest < begin || range.until <= begin) return 0;
  const Timestamp end = std::min(newest, range.until - Timestamp::duration(1));
  return static_cast<std::uint64_t>((step_of(end, step) - step_of(begin, step)) / step) + 1;
}

std::uint64_t samples_left(std::span<const HistoryView> histories) {
  std::uint64_t samples = 0;
  for (const HistoryView& history : histories) samples += history.left();
  return samples;
}

void require_bounded(std::span<const HistoryView> histories, const TimeRange& range,
                     std::chrono::nanoseconds step) {
  if (steps_in(histories, range, step) <= max_steps) return;
  const bool is_short = samples_left(histories) <= most_looked_through;
  if (is_short && are_bounded(histories, range, step)) return;
  throw Refusal{400, fmt::format("there are more than {} steps in that time: use a longer "
                                 "\"step\", or \"since\" and \"until\"",
                                 max_steps)};
}

std::chrono::nanoseconds bounded_step(std::span<const HistoryView> histories,
                                      const TimeRange& range, std::chrono::nanoseconds step) {
  const std::uint64_t steps = steps_in(histories, range, step);
  if (steps <= max_steps) return step;
  // One more than needed: longer steps have other boundaries, which may make one step more.
  const auto multiple = static_cast<std::int64_t>(steps / max_steps + 1);
  const std::uint64_t samples = samples_left(histories);
  const bool may_be_mostly_empty = steps > 2 * samples && samples <= most_looked_through;
  for (std::int64_t fewer = 1; may_be_mostly_empty && fewer < multiple; fewer *= 2) {
    if (are_bounded(histories, range, step * fewer)) return step * fewer;
  }
  return step * multiple;
}

}  // namespace provisr::daemon

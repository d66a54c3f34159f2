#pragma once

#include <provisr/counters.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_name.hpp>
#include <provisr/prometheus_writer.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace provisr {

namespace detail {

inline void begin_up_family(PrometheusWriter& writer) {
  writer.family("provisr_process_up", "gauge", "Whether the managed process runs (1) or not (0).");
}
inline void begin_info_family(PrometheusWriter& writer) {
  writer.family("provisr_process_info", "gauge", "1, with the base of the managed process.");
}

}  // namespace detail

/// Writes provisr_process_up (1 or 0) and provisr_process_info, for callers that know without a
/// snapshot which processes run. `for_each(visit)` calls `visit(std::string_view name, bool runs)`
/// for each process; it is called twice. Throws std::bad_alloc.
template <class ForEach>
void write_presence_families(PrometheusWriter& writer, ForEach&& for_each) {
  detail::begin_up_family(writer);
  for_each([&](std::string_view name, bool runs) { writer.sample_of_process(name, runs ? 1 : 0); });
  detail::begin_info_family(writer);
  for_each([&](std::string_view name, bool) {
    writer.sample_of_process(name, {"base", base_of(name)}, 1);
  });
}

namespace detail {

/// Converts a value to the base unit in its family's name. A time of more than 292 years, which a
/// count of nanoseconds cannot hold, becomes the longest that it can.
template <Unit unit>
[[nodiscard]] constexpr auto in_base_unit(auto value) noexcept {
  if constexpr (unit == Unit::nanoseconds) {
    using std::chrono::nanoseconds;
    if constexpr (std::integral<decltype(value)>) {
      if (std::cmp_greater(value, nanoseconds::max().count())) return nanoseconds::max();
    }
    return nanoseconds(static_cast<nanoseconds::rep>(value));
  } else {
    return value;
  }
}

/// Writes one family, with a sample for each running process whose figure is known. Leaves out the
/// family of a further figure if it has no samples.
template <class FigureOfTable, class SampleOf>
void write_process_family(PrometheusWriter& writer, const Snapshot& snapshot, FigureOfTable figure,
                          SampleOf sample_of) {
  constexpr const FigureInfo& info = FigureOfTable::info;
  constexpr bool is_counter = info.kind == FigureKind::counter;
  static_assert(info.family.ends_with("_total") == is_counter, "a counter is named ..._total");
  const auto begin = [&] {
    writer.family(info.family, is_counter ? "counter" : "gauge", info.help);
  };
  bool has_begun = !FigureOfTable::is_further;
  if (has_begun) begin();
  for (std::size_t i = 0; i < snapshot.size(); ++i) {
    const Snapshot::Process process = snapshot[i];
    if (!process.running()) continue;
    const SampleView sample = sample_of(process, i);
    // no other process has further figures either
    if (FigureOfTable::is_further && sample.more.empty()) return;
    if (const auto value = figure.of(sample)) {
      if (!std::exchange(has_begun, true)) begin();
      writer.sample_of_process(process.name(), in_base_unit<info.unit>(*value));
    }
  }
}

template <const auto& table, class Counters>
void write_figures(PrometheusWriter& writer, const Snapshot& snapshot, Counters counters_of) {
  // Figures in human units come first, as they always have; those in base units follow.
  constexpr auto is_for_people = [](const FigureInfo& info) {
    return info.kind == FigureKind::level && info.unit != Unit::bytes &&
           info.unit != Unit::nanoseconds;
  };
  const auto write = [&]<class FigureOfTable>(FigureOfTable figure) {
    if constexpr (FigureOfTable::info.kind == FigureKind::counter) {
      write_process_family(writer, snapshot, figure, counters_of);
    } else {
      write_process_family(
          writer, snapshot, figure,
          [](const Snapshot::Process& process, std::size_t) { return process.sample(); });
    }
  };
  for (const bool people : {true, false}) {
    for_each_figure<table>([&]<class FigureOfTable>(FigureOfTable figure) {
      if constexpr (!FigureOfTable::info.family.empty()) {
        if (is_for_people(FigureOfTable::info) == people) write(figure);
      }
    });
  }
}

inline void write_presence(PrometheusWriter& writer, const Snapshot& snapshot) {
  begin_up_family(writer);
  for (const Snapshot::Process process : snapshot) {
    if (process.retired()) continue;
    writer.sample_of_process(process.name(), process.running() ? 1 : 0);
  }
  begin_info_family(writer);
  for (const Snapshot::Process process : snapshot) {
    if (process.retired()) continue;
    writer.sample_of_process(process.name(), {"base", base_of(process.name())}, 1);
  }
}

}  // namespace detail

/// Writes the families of a snapshot in a stable order: first those of the table for the running
/// processes, with counters as of the tick; then provisr_process_up (1 or 0) and
/// provisr_process_info for all names that are not retired. An unknown figure has no sample. Throws
/// std::bad_alloc.
template <const auto& table = figures>
void write_process_families(PrometheusWriter& writer, const Snapshot& snapshot) {
  detail::write_figures<table>(writer, snapshot, [](const Snapshot::Process& process, std::size_t) {
    return process.sample();
  });
  detail::write_presence(writer, snapshot);
}

/// As above, with counters that were read after the tick: see BasicRegistry::read_counters().
template <const auto& table = figures>
void write_process_families(PrometheusWriter& writer, const FreshCounters& counters) {
  detail::write_figures<table>(
      writer, counters.snapshot(),
      [&](const Snapshot::Process&, std::size_t index) { return counters.sample(index); });
  detail::write_presence(writer, counters.snapshot());
}

/// Appends the families of a snapshot to `out`, in the text format. Throws std::bad_alloc.
template <const auto& table = figures>
void write_prometheus(const Snapshot& snapshot, std::string& out) {
  PrometheusWriter writer(out);
  write_process_families<table>(writer, snapshot);
}

}  // namespace provisr

#pragma once

#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// The table of figures. Loops over it produce the JSON, the Prometheus exposition, `collect`,
/// summaries and the columns of histories. Tests compare the tables of README.md and
/// docs/platforms.md with it. Limits and `provisrd top` choose their figures themselves.
///
/// To add a figure, append one row with a `FurtherFigure` and its `collect` word to `figures`:
/// slots never change, because history files store them. Then add one line to the sampler of each
/// platform that can read it (Linux: further_reader.cpp):
///
///     constexpr auto slot = further_slot<figures>("major_faults");
///     if (reading.more.asks_for(slot)) reading.more.set(slot, faults);
///
/// A tree adds up the levels of its members; the exceptions are in detail/figure_sums.hpp. It has
/// only the figures of this table: those that a caller appends by with_figures() are unknown.
/// ProcessSampler::read_counters must also read a counter, and its family name ends with "_total".
/// A counter in nanoseconds is exposed in seconds, as family "..._seconds_total".
namespace provisr {

enum class Unit : std::uint8_t { percent, mebibytes, bytes, nanoseconds, count };

/// A level (gauge) goes up and down. A counter only grows while the process lives.
enum class FigureKind : std::uint8_t { level, counter };

enum class FigureCost : std::uint8_t {
  derived,  ///< computed from another figure
  basic,    ///< read at every tick
  asked     ///< read only if the registry requests it
};

struct FigureInfo {
  std::string_view id;        ///< unique
  std::string_view json_key;  ///< empty if not in JSON
  std::string_view family;    ///< Prometheus metric family; empty if not exposed
  Unit unit;
  FigureKind kind;
  FigureCost cost;
  std::string_view help;  ///< one sentence
  /// The word in `collect` that requests this figure, alone or with others; only for
  /// FigureCost::asked.
  std::string_view group = {};
};

/// A view of one sample: its fixed part, and the further figures if its registry requested any.
struct SampleView {
  const ProcessMetrics& metrics;
  std::span<const Figure<std::uint64_t>> more = {};
};

/// The source of a figure outside of ProcessMetrics. The figure has a slot in the part of a row
/// that a registry adds for further figures. `figure_table` numbers the slots.
struct FurtherFigure {
  std::size_t slot = 0;

  [[nodiscard]] constexpr Figure<std::uint64_t> operator()(
      const SampleView& sample) const noexcept {
    return slot < sample.more.size() ? sample.more[slot] : Figure<std::uint64_t>();
  }
};

/// A set of further figures, such as those that a registry requests, by their slots.
class FurtherFigures {
 public:
  static constexpr std::size_t max_slots = 64;

  constexpr FurtherFigures() noexcept = default;
  /// Each slot is less than max_slots.
  constexpr FurtherFigures(std::initializer_list<std::size_t> slots) noexcept {
    for (const std::size_t slot : slots) slots_ |= std::uint64_t{1} << slot;
  }

  [[nodiscard]] constexpr bool contains(std::size_t slot) const noexcept {
    return slot < max_slots && (slots_ >> slot & 1U) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return slots_ == 0; }

  friend constexpr FurtherFigures operator|(FurtherFigures a, FurtherFigures b) noexcept {
    a.slots_ |= b.slots_;
    return a;
  }
  constexpr FurtherFigures& operator|=(FurtherFigures other) noexcept {
    return *this = *this | other;
  }
  friend constexpr FurtherFigures operator&(FurtherFigures a, FurtherFigures b) noexcept {
    a.slots_ &= b.slots_;
    return a;
  }
  /// Returns the figures of `a` that are not in `b`.
  friend constexpr FurtherFigures operator-(FurtherFigures a, FurtherFigures b) noexcept {
    a.slots_ &= ~b.slots_;
    return a;
  }
  constexpr bool operator==(const FurtherFigures&) const noexcept = default;

  /// Returns the number of slots in a row: the highest slot plus one, rounded up to a multiple of 8
  /// (64 bytes); 0 if the set is empty.
  [[nodiscard]] constexpr std::size_t row_slots() const noexcept {
    return (static_cast<std::size_t>(std::bit_width(slots_)) + 7) / 8 * 8;
  }

 private:
  std::uint64_t slots_ = 0;
};

/// A row of the table. `Source` is a FurtherFigure, or a pointer to a member of ProcessMetrics: a
/// Figure, or a function that returns one.
template <class Source>
struct FigureRow {
  FigureInfo info;
  Source source;
};
template <class Source>
FigureRow(FigureInfo, Source) -> FigureRow<Source>;

/// Whether a table of rows with these sources has at most FurtherFigures::max_slots further
/// figures.
template <class... Sources>
inline constexpr bool has_slots_for_further_figures =
    (std::size_t{0} + ... +
     (std::is_same_v<Sources, FurtherFigure> ? 1U : 0U)) <= FurtherFigures::max_slots;

/// Returns the rows as one table and numbers the slots of its further figures from 0.
template <class... Sources>
requires has_slots_for_further_figures<Sources...>
[[nodiscard]] constexpr auto figure_table(FigureRow<Sources>... rows) {
  std::size_t next_slot = 0;
  const auto number = [&](auto& source) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(source)>, FurtherFigure>) {
      source.slot = next_slot++;
    }
  };
  (number(rows.source), ...);
  return std::tuple{rows...};
}

/// Returns `table` with more rows at its end, as figure_table() does. A registry's own Sampler can
/// deliver their figures for single processes. For trees they are unknown.
template <class... Rows, class... Sources>
[[nodiscard]] constexpr auto with_figures(const std::tuple<Rows...>& table,
                                          FigureRow<Sources>... rows) {
  return std::apply([&](const Rows&... known) { return figure_table(known..., rows...); }, table);
}

// clang-format off
inline constexpr auto figures = figure_table(
    FigureRow{FigureInfo{"cpu_percent", "cpu_percent", "provisr_process_cpu_percent", Unit::percent, FigureKind::level, FigureCost::derived, "CPU usage percentage for managed processes."}, &ProcessMetrics::cpu_percent},
    FigureRow{FigureInfo{"memory_mb", "memory_mb", "provisr_process_memory_mb", Unit::mebibytes, FigureKind::level, FigureCost::derived, "Memory usage in MB for managed processes."}, &ProcessMetrics::memory_mb},
    FigureRow{FigureInfo{"memory_rss", "memory_rss", "provisr_process_resident_memory_bytes", Unit::bytes, FigureKind::level, FigureCost::basic, "Resident memory."}, &ProcessMetrics::memory_rss_bytes},
    FigureRow{FigureInfo{"memory_vms", "memory_vms", "provisr_process_virtual_memory_bytes", Unit::bytes, FigureKind::level, FigureCost::basic, "Virtual memory size."}, &ProcessMetrics::memory_vms_bytes},
    FigureRow{FigureInfo{"memory_swap", "memory_swap", "provisr_process_swap_bytes", Unit::bytes, FigureKind::level, FigureCost::basic, "Memory swapped out."}, &ProcessMetrics::memory_swap_bytes},
    FigureRow{FigureInfo{"num_threads", "num_threads", "provisr_process_num_threads", Unit::count, FigureKind::level, FigureCost::basic, "Number of threads for managed processes."}, &ProcessMetrics::num_threads},
    FigureRow{FigureInfo{"num_fds", "num_fds", "provisr_process_num_fds", Unit::count, FigureKind::level, FigureCost::basic, "Number of file descriptors for managed processes."}, &ProcessMetrics::num_fds},
    FigureRow{FigureInfo{"num_processes", "num_processes", "provisr_process_num_processes", Unit::count, FigureKind::level, FigureCost::basic, "Number of processes in the tree."}, &ProcessMetrics::num_processes},
    FigureRow{FigureInfo{"cpu_time", "", "provisr_process_cpu_seconds_total", Unit::nanoseconds, FigureKind::counter, FigureCost::basic, "CPU time used since the process started."}, &ProcessMetrics::cpu_time_ns},
    FigureRow{FigureInfo{"io_read_bytes", "io_read_bytes", "provisr_process_io_read_bytes_total", Unit::bytes, FigureKind::counter, FigureCost::asked, "Bytes read from storage.", "io"}, FurtherFigure{}},
    FigureRow{FigureInfo{"io_write_bytes", "io_write_bytes", "provisr_process_io_write_bytes_total", Unit::bytes, FigureKind::counter, FigureCost::asked, "Bytes written to storage.", "io"}, FurtherFigure{}},
    FigureRow{FigureInfo{"major_faults", "major_faults", "provisr_process_major_faults_total", Unit::count, FigureKind::counter, FigureCost::asked, "Page faults that had to wait for storage.", "faults"}, FurtherFigure{}},
    FigureRow{FigureInfo{"voluntary_switches", "voluntary_switches", "provisr_process_voluntary_switches_total", Unit::count, FigureKind::counter, FigureCost::asked, "Context switches of threads that had to wait.", "switches"}, FurtherFigure{}},
    FigureRow{FigureInfo{"involuntary_switches", "involuntary_switches", "provisr_process_involuntary_switches_total", Unit::count, FigureKind::counter, FigureCost::asked, "Context switches of threads that were preempted.", "switches"}, FurtherFigure{}},
    FigureRow{FigureInfo{"memory_peak", "memory_peak", "provisr_process_memory_peak_bytes", Unit::bytes, FigureKind::level, FigureCost::asked, "Peak resident memory.", "peak"}, FurtherFigure{}},
    FigureRow{FigureInfo{"memory_pss", "memory_pss", "provisr_process_memory_pss_bytes", Unit::bytes, FigureKind::level, FigureCost::asked, "Resident memory, each shared page divided by the number of processes that share it.", "pss"}, FurtherFigure{}},
    FigureRow{FigureInfo{"max_fds", "max_fds", "provisr_process_max_fds", Unit::count, FigureKind::level, FigureCost::asked, "Limit on open file descriptors.", "limits"}, FurtherFigure{}});
// clang-format on

/// One row of a table as a type, so that its contents are known at compile time.
template <const auto& table, std::size_t index>
struct FigureAt {
  static constexpr const FigureInfo& info = std::get<index>(table).info;
  static constexpr bool is_further =
      std::is_same_v<std::remove_cvref_t<decltype(std::get<index>(table).source)>, FurtherFigure>;

  /// The slot of a further figure; FurtherFigures::max_slots for any other.
  static constexpr std::size_t slot = [] {
    if constexpr (is_further) {
      return std::get<index>(table).source.slot;
    } else {
      return FurtherFigures::max_slots;
    }
  }();

  [[nodiscard]] static constexpr auto of(const SampleView& sample) noexcept {
    constexpr auto source = std::get<index>(table).source;
    if constexpr (is_further) {
      return source(sample);
    } else {
      return std::invoke(source, sample.metrics);
    }
  }
};

template <const auto& table>
inline constexpr std::size_t figure_count = std::tuple_size_v<std::remove_cvref_t<decltype(table)>>;

/// The number of further figures in the table.
template <const auto& table>
inline constexpr std::size_t further_count = std::apply(
    [](const auto&... rows) {
      return (
          std::size_t{0} + ... +
          (std::is_same_v<std::remove_cvref_t<decltype(rows.source)>, FurtherFigure> ? 1U : 0U));
    },
    table);

/// Calls `visit(FigureAt<table, i>())` for each row, in the table's order.
template <const auto& table, class Visit>
constexpr void for_each_figure(Visit&& visit) {
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (visit(FigureAt<table, index>()), ...);
  }
  (std::make_index_sequence<figure_count<table>>());
}

/// Returns the slot of a further figure. Does not compile if the table has no further figure with
/// this id.
template <const auto& table>
[[nodiscard]] consteval std::size_t further_slot(std::string_view id) {
  std::size_t slot = FurtherFigures::max_slots;
  std::apply(
      [&](const auto&... rows) {
        const auto look_at = [&](const auto& row) {
          if constexpr (std::is_same_v<decltype(row.source), FurtherFigure>) {
            if (row.info.id == id) slot = row.source.slot;
          }
        };
        (look_at(rows), ...);
      },
      table);
  if (slot == FurtherFigures::max_slots) throw "no further figure has this id";
  return slot;
}

/// Returns the further figures of the table for which `chooses(const FigureInfo&)` is true.
template <const auto& table, class Chooses>
[[nodiscard]] constexpr FurtherFigures further_figures(Chooses chooses) {
  FurtherFigures chosen;
  std::apply(
      [&](const auto&... rows) {
        const auto look_at = [&](const auto& row) {
          if constexpr (std::is_same_v<decltype(row.source), FurtherFigure>) {
            if (chooses(row.info)) chosen |= FurtherFigures{row.source.slot};
          }
        };
        (look_at(rows), ...);
      },
      table);
  return chosen;
}

/// Returns the figures that a word requests; empty if there is no such word.
template <const auto& table>
[[nodiscard]] constexpr FurtherFigures further_group(std::string_view word) {
  return further_figures<table>([&](const FigureInfo& info) { return info.group == word; });
}

/// The further figures that are counters.
template <const auto& table>
inline constexpr FurtherFigures further_counters =
    further_figures<table>([](const FigureInfo& info) { return info.kind == FigureKind::counter; });

/// The further figures that are levels.
template <const auto& table>
inline constexpr FurtherFigures further_levels = further_figures<table>([](const FigureInfo& info) {
  return info.kind == FigureKind::level;
});

/// Returns the index of a figure in the table, as in StepRow::values. Does not compile if the table
/// has no figure with this id.
template <const auto& table>
[[nodiscard]] consteval std::size_t figure_place(std::string_view id) {
  std::size_t place = figure_count<table>;
  std::size_t index = 0;
  for_each_figure<table>([&](auto figure) {
    if (decltype(figure)::info.id == id) place = index;
    ++index;
  });
  if (place == figure_count<table>) throw "no figure has this id";
  return place;
}

/// Calls `visit(word)` once for each word that requests further figures, in the table's order.
template <const auto& table, class Visit>
constexpr void for_each_group(Visit&& visit) {
  std::array<std::string_view, figure_count<table>> visited{};
  std::size_t count = 0;
  for_each_figure<table>([&](auto figure) {
    constexpr std::string_view word = decltype(figure)::info.group;
    const auto end = visited.begin() + static_cast<std::ptrdiff_t>(count);
    if (word.empty() || std::find(visited.begin(), end, word) != end) return;
    visited[count++] = word;
    visit(word);
  });
}

[[nodiscard]] constexpr std::string_view to_text(Unit unit) noexcept {
  switch (unit) {
    case Unit::percent:
      return "% of a core";
    case Unit::mebibytes:
      return "MiB";
    case Unit::bytes:
      return "bytes";
    case Unit::nanoseconds:
      return "ns";
    case Unit::count:
      break;
  }
  return "count";
}

[[nodiscard]] constexpr std::string_view to_text(FigureKind kind) noexcept {
  return kind == FigureKind::level ? "level" : "counter";
}

}  // namespace provisr

#pragma once

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace provisr {

/// What the samples of a name are of.
enum class SampleScope {
  process,  ///< the process alone
  /// It and all its descendants: every figure is the sum over them, and unknown if that of one of
  /// them is. CPU time includes that of those that have ended.
  tree,
};

[[nodiscard]] constexpr std::string_view to_text(SampleScope scope) noexcept {
  return scope == SampleScope::tree ? "tree" : "process";
}

struct TrackOptions {
  SampleScope scope = SampleScope::process;
};

/// A child of this program that has ended but was not waited for yet, such as an orphan that this
/// program has adopted.
struct EndedChild {
  ProcessId pid = 0;
  ProcessId process_group = 0;    ///< the PID of its leader
  std::uint64_t cpu_time_ns = 0;  ///< used by it and by those that it has waited for
  /// The same of further counters, by their slots, as far as the system tells who waits.
  std::array<Figure<std::uint64_t>, further_count<figures>> further = {};
};

}  // namespace provisr

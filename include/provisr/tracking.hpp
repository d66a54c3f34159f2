#pragma once

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace provisr {

/// What the samples of a name cover.
enum class SampleScope {
  process,  ///< the process alone
  /// The process and all its descendants. Every figure is the sum over them, and unknown if the
  /// figure of one of them is, or if new processes cannot be read because descriptors or memory
  /// are short: one of them may be a descendant. CPU time includes that of ended descendants.
  /// Figures that were appended by with_figures() are unknown.
  tree,
};

[[nodiscard]] constexpr std::string_view to_text(SampleScope scope) noexcept {
  return scope == SampleScope::tree ? "tree" : "process";
}

/// Returns the CPU time that a group of processes has used, in nanoseconds, including those that
/// have ended. Must not throw, and never return less than before.
using CpuTimeCount = std::function<Figure<std::uint64_t>()>;

struct TrackOptions {
  SampleScope scope = SampleScope::process;

  /// For a tree: the count of the system for all its processes and no others, if there is one, such
  /// as that of a job object (Windows) or of a cgroup (`usage_usec` of cpu.stat, Linux). The tree
  /// then also shows what members have used that ended before they were seen. Called at each tick
  /// and by read_counters(), with the registry locked, until no name has the tree any more.
  CpuTimeCount cpu_time_count = {};
};

/// Called for each new process that no watched tree contains and whose parent is this program or
/// process 1 (`adopter`): an orphan that left its process group before it was seen, or a process
/// that the adopter itself has started. Also called for the descendants of such a child of this
/// program, and possibly more than once for the same process. Called with the registry locked; must
/// neither block nor throw.
using OrphanObserver = std::function<void(ProcessId process, ProcessId adopter)>;

/// An ended child of this program that has not been reaped yet, such as an orphan that this program
/// adopted.
struct EndedChild {
  ProcessId pid = 0;
  ProcessId process_group = 0;    ///< PID of the group's leader
  std::uint64_t cpu_time_ns = 0;  ///< of the child and of the descendants it waited for
  /// The same for further counters, indexed by slot; unknown if the system does not report a
  /// counter to the waiting parent.
  std::array<Figure<std::uint64_t>, further_count<figures>> further = {};
};

}  // namespace provisr

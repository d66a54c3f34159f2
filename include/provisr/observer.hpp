#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace provisr {

/// How a tick stands to the schedule of whoever calls it.
struct TickSchedule {
  std::chrono::nanoseconds lateness{};  ///< from the time it was due until it was called
  std::uint64_t missed = 0;             ///< rounds skipped since the tick before
};

/// What one tick did.
struct TickReport {
  std::uint64_t tick = 0;    ///< its number; 0: it failed for lack of memory
  std::size_t running = 0;   ///< processes sampled
  std::size_t vanished = 0;  ///< processes found gone since the last tick
  std::chrono::nanoseconds duration{};
  TickSchedule schedule;
};

/// One tick, as its observer sees it. Valid during the call; copy the snapshot to keep it.
struct TickEvent {
  const Snapshot& snapshot;  ///< as this tick published it
  const TickReport& report;

  /// Calls `visit(std::string_view name, ProcessId pid)` for each process that this tick found
  /// gone, in the order of the names. No-op if there is none, else linear in the number of names.
  /// Allocates nothing.
  template <class Visitor>
  void for_each_vanished(Visitor&& visit) const {
    if (report.vanished == 0) return;
    for (const Snapshot::Process process : snapshot) {
      if (const auto pid = process.vanished_pid()) visit(process.name(), *pid);
    }
  }
};

/// Told after each tick that did not fail, by the thread that ticks, with no lock held: it may call
/// any member function of the registry. The tick returns after the observer does. What it throws
/// is dropped. If several threads tick one registry, calls may overlap and change order.
using TickObserver = std::function<void(const TickEvent&)>;

}  // namespace provisr

#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace provisr {

/// How late a tick is against its caller's schedule.
struct TickSchedule {
  std::chrono::nanoseconds lateness{};  ///< time from the scheduled start to the call
  std::uint64_t missed = 0;             ///< rounds skipped since the previous tick
};

/// What one tick did.
struct TickReport {
  std::uint64_t tick = 0;    ///< number of the tick; 0 if it failed for lack of memory
  std::size_t running = 0;   ///< processes sampled
  std::size_t vanished = 0;  ///< processes that have ended since the last tick
  std::chrono::nanoseconds duration{};
  TickSchedule schedule;
};

/// One tick as seen by its observer. Valid only during the call; copy the snapshot to keep it.
struct TickEvent {
  const Snapshot& snapshot;  ///< as this tick published it
  const TickReport& report;

  /// Calls `visit(std::string_view name, ProcessId pid)` for each process that this tick found
  /// ended, in the order of the names. No-op if there is none; otherwise linear in the number of
  /// names. Allocates nothing.
  template <class Visitor>
  void for_each_vanished(Visitor&& visit) const {
    if (report.vanished == 0) return;
    for (const Snapshot::Process process : snapshot) {
      if (const auto pid = process.vanished_pid()) visit(process.name(), *pid);
    }
  }
};

/// Called after each tick that did not fail, by the thread that ticks and with no lock held, so it
/// may call any member function of the registry. tick() returns after the observer does. Exceptions
/// from the observer are ignored. If several threads tick one registry, calls may overlap and
/// change order.
using TickObserver = std::function<void(const TickEvent&)>;

}  // namespace provisr

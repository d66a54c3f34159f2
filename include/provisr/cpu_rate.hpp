#pragma once

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>

namespace provisr {

/// The CPU time of a process and the moment it was read.
struct CpuReading {
  Figure<std::uint64_t> cpu_time_ns;
  MonotonicTime taken_at{};
};

/// Rounds a percentage to 0.001. The two clocks of a rate cannot be read at the same instant, so
/// smaller differences are noise even at the shortest intervals.
[[nodiscard]] inline double round_percent(double percent) noexcept {
  return std::round(percent * 1'000.0) / 1'000.0;
}

/// Returns the CPU usage between two readings of one process, in percent of one core, rounded by
/// round_percent(). Unknown if either CPU time is unknown or has gone back, or if no time has
/// passed.
[[nodiscard]] inline Figure<double> cpu_percent(const CpuReading& previous,
                                                const CpuReading& current) noexcept {
  if (!previous.cpu_time_ns || !current.cpu_time_ns) return {};
  if (current.taken_at <= previous.taken_at) return {};
  if (*current.cpu_time_ns < *previous.cpu_time_ns) return {};
  const std::chrono::duration<double, std::nano> wall = current.taken_at - previous.taken_at;
  const auto used = static_cast<double>(*current.cpu_time_ns - *previous.cpu_time_ns);
  return round_percent(used / wall.count() * 100.0);
}

}  // namespace provisr

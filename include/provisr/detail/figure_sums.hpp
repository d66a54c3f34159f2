#pragma once

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

/// Sums of figures over several processes. Unless stated otherwise, a sum is unknown if one of its
/// parts is.
namespace provisr::detail {

inline constexpr std::size_t peak_slot = further_slot<figures>("memory_peak");
inline constexpr std::size_t pss_slot = further_slot<figures>("memory_pss");

template <class T>
void add(Figure<T>& sum, std::type_identity_t<Figure<T>> part) noexcept {
  sum = sum && part ? Figure<T>(static_cast<T>(*sum + *part)) : Figure<T>();
}

inline void take_larger(Figure<std::uint64_t>& largest, Figure<std::uint64_t> part) noexcept {
  largest =
      largest && part ? Figure<std::uint64_t>(std::max(*largest, *part)) : Figure<std::uint64_t>();
}

/// Sets the levels of a sum over no process.
inline void set_levels_to_zero(ProcessReading& sum) noexcept {
  sum.memory_rss_bytes = 0;
  sum.memory_vms_bytes = 0;
  sum.memory_swap_bytes = 0;
  sum.num_threads = 0;
  sum.num_fds = 0;
  sum.num_processes = 0;
}

/// Copies all figures except counters and further figures.
inline void copy_levels(const ProcessReading& from, ProcessReading& to) noexcept {
  to.memory_rss_bytes = from.memory_rss_bytes;
  to.memory_vms_bytes = from.memory_vms_bytes;
  to.memory_swap_bytes = from.memory_swap_bytes;
  to.num_threads = from.num_threads;
  to.num_fds = from.num_fds;
  to.num_processes = from.num_processes;
  to.num_fds_error = from.num_fds_error;
}

/// Adds all further figures except counters. Skips a part that is still being read.
inline void add_further_levels(FurtherReadings& sum, const FurtherReadings& part) noexcept {
  constexpr FurtherFigures levels = further_levels<figures>;
  for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
    const bool is_awaited = part.awaited.contains(slot) && !part.slots[slot];
    if (!levels.contains(slot) || !sum.asks_for(slot) || is_awaited) continue;
    if (slot == peak_slot) {
      take_larger(sum.slots[slot], part.slots[slot]);
    } else {
      add(sum.slots[slot], part.slots[slot]);
    }
  }
  if (!part.refused.empty()) sum.refuse(part.refused, part.error);
}

/// Adds all figures except counters.
inline void add_levels(ProcessReading& sum, const ProcessReading& part) noexcept {
  add(sum.memory_rss_bytes, part.memory_rss_bytes);
  add(sum.memory_vms_bytes, part.memory_vms_bytes);
  add(sum.memory_swap_bytes, part.memory_swap_bytes);
  add(sum.num_threads, part.num_threads);
  add(sum.num_fds, part.num_fds);
  add(sum.num_processes, part.num_processes);
  if (part.num_fds_error) sum.num_fds_error = part.num_fds_error;
  if (!sum.more.slots.empty()) add_further_levels(sum.more, part.more);
}

/// Returns whether an exiting process has already released its memory. The system still reports the
/// other figures, so this is not a failed read. A process whose first thread has ended before the
/// others does not count.
[[nodiscard]] inline bool is_ending(const ProcessReading& reading) noexcept {
  return !reading.memory_rss_bytes && !reading.memory_vms_bytes && reading.cpu_time_ns &&
         reading.num_threads == Figure<std::uint32_t>(1U);
}

/// Sets to zero the figures that an ending process (see is_ending) has released.
inline void complete_ending(ProcessReading& reading) noexcept {
  reading.memory_rss_bytes = 0;
  reading.memory_vms_bytes = 0;
  reading.memory_swap_bytes = 0;
  if (!reading.num_fds && !reading.num_fds_error) reading.num_fds = 0;
  for (const std::size_t slot : {peak_slot, pss_slot}) {
    if (reading.more.asks_for(slot) && !reading.more.slots[slot]) reading.more.set(slot, 0);
  }
}

}  // namespace provisr::detail

#pragma once

#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace provisr {

/// A process ID: pid_t on Unix, DWORD on Windows (which uses small multiples of 4).
using ProcessId = std::int32_t;

/// A moment in UTC.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// A figure that may be unknown. Behaves like std::optional but is no larger than the value itself:
/// the largest value of an unsigned type, or NaN, means "unknown" and cannot be a figure.
template <class T>
requires std::unsigned_integral<T> || std::floating_point<T>
class Figure {
 public:
  constexpr Figure() noexcept = default;
  constexpr Figure(T value) noexcept : value_(value) {}  // NOLINT(*-explicit-*): as std::optional

  [[nodiscard]] constexpr bool has_value() const noexcept {
    if constexpr (std::floating_point<T>) {
      return magnitude_of(value_) <= magnitude_of(std::numeric_limits<T>::infinity());
    } else {
      return value_ != unknown;
    }
  }
  [[nodiscard]] constexpr explicit operator bool() const noexcept { return has_value(); }

  /// Requires has_value().
  [[nodiscard]] constexpr T operator*() const noexcept { return value_; }
  [[nodiscard]] constexpr T value_or(T other) const noexcept {
    return has_value() ? value_ : other;
  }

  /// Returns the stored value: the largest value or NaN if the figure is unknown.
  [[nodiscard]] constexpr T raw() const noexcept { return value_; }

  /// Two unknown figures are equal.
  friend constexpr bool operator==(Figure a, Figure b) noexcept {
    return a.has_value() ? a.value_ == b.value_ : !b.has_value();
  }

 private:
  /// Returns the bits without the sign; those of NaN are greater than those of infinity. Compilers
  /// may assume that a comparison never sees NaN (-ffast-math), but not that its bits are others.
  [[nodiscard]] static constexpr auto magnitude_of(T value) noexcept {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "float or double");
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    return static_cast<Bits>(std::bit_cast<Bits>(value) << 1);
  }

  static constexpr T unknown =
      std::floating_point<T> ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::max();
  T value_ = unknown;
};

/// The figures of one process at one moment. sampler.hpp documents which figures a platform has and
/// the source of each. The layout is fixed because stored histories contain it.
struct ProcessMetrics {
  /// When the sample was taken; the same for all processes of a tick.
  Timestamp timestamp{};

  ProcessId pid = 0;

  Figure<std::uint32_t> num_processes;  ///< members of the process tree; unknown without a tree

  /// CPU time (user + system, all threads) used since the previous sample, divided by the wall time
  /// between them, in percent of one core: four busy threads show 400. Rounded to 0.001.
  Figure<double> cpu_percent;

  /// CPU time (user + system, all threads) used since the process started, in nanoseconds.
  Figure<std::uint64_t> cpu_time_ns;

  /// Resident in memory. Linux: of an idle process, up to SamplerOptions::max_idle_age old.
  Figure<std::uint64_t> memory_rss_bytes;
  Figure<std::uint64_t> memory_vms_bytes;   ///< virtual size
  Figure<std::uint64_t> memory_swap_bytes;  ///< swapped out

  Figure<std::uint32_t> num_threads;
  Figure<std::uint32_t> num_fds;  ///< open file descriptors

  /// Returns memory_rss_bytes in MiB.
  [[nodiscard]] constexpr Figure<double> memory_mb() const noexcept {
    if (!memory_rss_bytes) return {};
    return static_cast<double>(*memory_rss_bytes) / (1024.0 * 1024.0);
  }

  friend constexpr bool operator==(const ProcessMetrics&, const ProcessMetrics&) noexcept = default;
};

static_assert(sizeof(ProcessMetrics) == 64, "a sample is one cache line");
static_assert(std::is_trivially_copyable_v<ProcessMetrics>);

}  // namespace provisr

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace provisr::linux_platform {

enum class SwapUse : std::uint8_t {
  no_swap,  ///< the system has none
  none,
  some,
};

/// Detects whether processes may have memory swapped out. Asks the system at most once per tick, if
/// a process asks. A system without swap gets some by hand (swapon(8)), so it is not asked again
/// for `max_age_of_no_swap`.
class SwapWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Ask = SwapUse (*)() noexcept;

  static constexpr std::chrono::milliseconds max_age_of_no_swap{100};

  explicit SwapWatch(Ask ask = ask_system) noexcept : ask_(ask) {}

  void begin_tick(TimePoint now) noexcept;
  [[nodiscard]] bool is_used() noexcept;

  /// Asks by sysinfo(2). A system that does not tell may use some.
  [[nodiscard]] static SwapUse ask_system() noexcept;

 private:
  Ask ask_;
  std::optional<SwapUse> known_;
  TimePoint now_;
  TimePoint asked_at_;
};

}  // namespace provisr::linux_platform

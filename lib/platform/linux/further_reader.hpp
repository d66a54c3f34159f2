#pragma once

#include "lib/platform/linux/pss_reader.hpp"
#include "lib/platform/linux/switch_count.hpp"

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

namespace provisr::linux_platform {

/// The further figures of one process. All files are reached through a handle of its `task`
/// directory, which never leads to another process.
class FurtherReader {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Reads what only changes if the process runs: counters and the peak.
  void read_usage(int task, FurtherFigures asked) noexcept;

  /// Reads the counters alone.
  void read_counters(int task, FurtherFigures asked) noexcept;

  /// Whether all counters are known that the system did not refuse to tell.
  [[nodiscard]] bool knows_counters(FurtherFigures asked) const noexcept;

  /// Takes a proportional size that has been read. Whether it is time for read_seldom().
  [[nodiscard]] bool is_due(FurtherFigures asked, Time now,
                            std::chrono::nanoseconds min_pss_interval) noexcept;

  /// Reads what also changes if the process does not run, if it is time: the limit, and, without
  /// waiting for it, the proportional size. Call is_due() before.
  void read_seldom(int task, FurtherFigures asked, Time now, PssReader& reader) noexcept;

  /// Hands out what was read last.
  void show(FurtherReadings& more) const noexcept;

 private:
  void read_io(int task) noexcept;
  void read_faults(int task) noexcept;
  void read_switches(int task) noexcept;
  void read_peak(int task) noexcept;
  void read_limits(int task) noexcept;
  void take_pss(Time now) noexcept;
  [[nodiscard]] bool request_pss(int task, PssReader& reader) noexcept;
  void set(std::size_t slot, std::optional<std::uint64_t> value) noexcept;
  void refuse(FurtherFigures group, std::error_code error) noexcept;

  std::array<Figure<std::uint64_t>, further_count<figures>> values_{};
  FurtherFigures refused_;
  std::errc error_ = {};
  bool limits_are_due_ = false;
  bool pss_is_due_ = false;
  std::optional<Time> limits_at_;
  std::optional<Time> pss_at_;  ///< when it was requested, then when it was there
  SwitchCount switches_;
  std::shared_ptr<PssReader::Job> pss_;
};

}  // namespace provisr::linux_platform

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

/// Reads the further figures of one process. All files are opened through a handle of its `task`
/// directory, which never leads to another process.
class FurtherReader {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Reads what changes only while the process runs: counters and the peak.
  void read_usage(int task, FurtherFigures asked) noexcept;

  /// Reads only the counters.
  void read_counters(int task, FurtherFigures asked) noexcept;

  /// Returns whether all requested counters are known, except those the system refused to report.
  [[nodiscard]] bool knows_counters(FurtherFigures asked) const noexcept;

  /// Takes the result of a finished reading of the proportional size. Returns whether it is time
  /// for read_periodic().
  [[nodiscard]] bool is_due(FurtherFigures asked, Time now,
                            std::chrono::nanoseconds min_pss_interval) noexcept;

  /// Reads what may change while the process is idle, if it is time: reads the descriptor limit,
  /// and requests the proportional size without waiting for it. Call is_due() first.
  void read_periodic(int task, FurtherFigures asked, Time now, PssReader& reader) noexcept;

  /// Copies the latest values to `more`.
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
  std::optional<Time> pss_at_;  ///< when it was requested, later when the result was taken
  SwitchCount switches_;
  std::shared_ptr<PssReader::Job> pss_;
};

}  // namespace provisr::linux_platform

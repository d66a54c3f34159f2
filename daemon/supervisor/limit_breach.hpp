#pragma once

#include "daemon/config/config.hpp"

#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The figure that a limit bounds.
enum class LimitFigure { memory, cpu };

/// Returns "memory" or "cpu", as in labels and in JSON.
[[nodiscard]] std::string_view to_text(LimitFigure figure);

/// A process that has been over one of its limits for as long as its configuration allows.
struct LimitBreach {
  std::string name;
  ProcessId pid = 0;
  LimitFigure figure = LimitFigure::memory;
  double value = 0;   ///< of the newest valid sample; MiB or percent of a core
  double limit = 0;   ///< in the same unit
  Timestamp since{};  ///< of the first sample over the limit
  LimitAction action = LimitAction::log;

  friend bool operator==(const LimitBreach&, const LimitBreach&) = default;
};

/// How often the limits of a name were breached.
struct BreachCounts {
  std::uint64_t memory = 0;
  std::uint64_t cpu = 0;

  [[nodiscard]] std::uint64_t& of(LimitFigure figure) noexcept {
    return figure == LimitFigure::memory ? memory : cpu;
  }
  friend bool operator==(const BreachCounts&, const BreachCounts&) = default;
};

/// One limit of a name, and how often it was breached.
struct LimitBreachCount {
  std::string name;
  LimitFigure figure = LimitFigure::memory;
  std::uint64_t count = 0;
  double limit = 0;  ///< MiB or percent of a core
};

/// A snapshot of the limits for other threads. The pointers are never null.
struct LimitReport {
  using Breaches = std::vector<LimitBreach>;
  using Counts = std::vector<LimitBreachCount>;

  std::shared_ptr<const Breaches> open = std::make_shared<const Breaches>();
  std::shared_ptr<const Counts> counts = std::make_shared<const Counts>();
};

}  // namespace provisr::daemon

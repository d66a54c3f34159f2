#pragma once

#include <provisr/sampler.hpp>

#include <optional>
#include <span>
#include <vector>

namespace provisr::darwin_platform {

/// Returns empty if the process has ended. Works for the processes of all users.
[[nodiscard]] std::optional<Descent> descent_of(ProcessId pid) noexcept;

/// All processes with their parents, read at most once per tick.
class ProcessList {
 public:
  void begin_tick() noexcept { is_outdated_ = true; }

  /// Empty if memory is short. Allocates only if there are more processes than ever before.
  [[nodiscard]] std::span<const Descent> all() noexcept;

 private:
  void read();

  std::vector<int> ids_;
  std::vector<Descent> processes_;
  bool is_outdated_ = true;
};

}  // namespace provisr::darwin_platform

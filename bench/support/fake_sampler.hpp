#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace provisr::bench {

/// A sampler whose read costs almost nothing, so that a tick consists of the library's own work. It
/// notes the time of the last expected read of a tick; after it, the tick only publishes.
class FakeSampler {
 public:
  struct Shared {
    std::size_t processes = 0;
    std::size_t reads = 0;
    std::chrono::steady_clock::time_point sampled_at{};
  };

  struct Context {
    Shared* shared = nullptr;
    void begin_tick() noexcept {
      if (shared != nullptr) shared->reads = 0;
    }
  };

  [[nodiscard]] static std::optional<FakeSampler> open(Context& context, ProcessId pid,
                                                       std::error_code& error) {
    error.clear();
    return FakeSampler(context.shared, pid);
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    cpu_time_ns_ += 12'345;
    reading.cpu_time_ns = cpu_time_ns_;
    reading.memory_rss_bytes = 8'192'000 + 4'096 * pid_;
    reading.memory_vms_bytes = 81'920'000;
    reading.memory_swap_bytes = 0;
    reading.num_threads = static_cast<std::uint32_t>(pid_ % 16 + 1);
    reading.num_fds = static_cast<std::uint32_t>(pid_ % 64 + 3);
    if (shared_ != nullptr && ++shared_->reads == shared_->processes) {
      shared_->sampled_at = std::chrono::steady_clock::now();
    }
    return ReadStatus::ok;
  }

 private:
  FakeSampler(Shared* shared, ProcessId pid) noexcept
      : shared_(shared), pid_(static_cast<std::uint64_t>(pid)) {}

  Shared* shared_;
  std::uint64_t pid_;
  std::uint64_t cpu_time_ns_ = 0;
};

/// Returns a name like those of a supervisor, with ten instances per base.
[[nodiscard]] inline std::string process_name(std::size_t index) {
  return "service" + std::to_string(index / 10) + "-" + std::to_string(index % 10);
}

/// Tracks `count` processes that exist only for the fake sampler.
template <class Registry>
void track_fakes(Registry& registry, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    static_cast<void>(registry.track(process_name(i), static_cast<ProcessId>(i + 1)));
  }
}

}  // namespace provisr::bench

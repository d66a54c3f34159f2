#pragma once

#include "support/fake_sampler.hpp"
#include "support/manual_clock.hpp"

#include <provisr/registry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace provisr::test {

using FakeRegistry = BasicRegistry<FakeSampler>;

/// A registry over a fake system and a manual clock, with its diagnostics in `told`.
struct FakeMachine {
  struct Told {
    Severity severity;
    std::string process;
    std::string message;
  };

  explicit FakeMachine(std::size_t max_history = 100)
      : FakeMachine(RegistryOptions{
            .max_history = max_history, .diagnostics = [this](const Diagnostic& d) {
              told.push_back({d.severity, std::string(d.process), std::string(d.message)});
            }}) {}
  explicit FakeMachine(RegistryOptions options)
      : registry(with_clock(std::move(options)), FakeContext(system)) {}

  /// Advances the clock by `wall` and ticks.
  TickReport tick_after(std::chrono::nanoseconds wall = std::chrono::seconds(1)) {
    clock.advance(wall);
    return registry.tick();
  }

  void use_cpu(ProcessId pid, std::chrono::nanoseconds time) {
    system.change(pid, [&](ProcessReading& reading) {
      reading.cpu_time_ns = *reading.cpu_time_ns + static_cast<std::uint64_t>(time.count());
    });
  }

  [[nodiscard]] RegistryOptions with_clock(RegistryOptions options) const {
    options.clock = &clock;
    return options;
  }

  ManualClock clock;
  FakeSystem system;
  std::vector<Told> told;
  FakeRegistry registry;
};

/// Returns a reading in which all figures are known.
[[nodiscard]] inline ProcessReading known_reading() {
  ProcessReading reading;
  reading.cpu_time_ns = 5'000'000'000U;
  reading.memory_rss_bytes = 128U << 20U;
  reading.memory_vms_bytes = 512U << 20U;
  reading.memory_swap_bytes = 4096U;
  reading.num_threads = 4U;
  reading.num_fds = 15U;
  return reading;
}

}  // namespace provisr::test

// The hot paths, each in its own function so that callgrind can count the instructions by name.
// `cost NAME` runs one of them and prints how often it has allocated. Clock and sampler are
// deterministic, so that a count is the same in every run.

#include "bench/support/fake_sampler.hpp"

#include <provisr/clock.hpp>
#include <provisr/history.hpp>
#include <provisr/prometheus.hpp>
#include <provisr/registry.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>
#include <string_view>

namespace {

std::uint64_t allocations = 0;

/// A clock that advances by a millisecond each time it is read.
class SteppingClock : public provisr::Clock {
 public:
  [[nodiscard]] provisr::MonotonicTime monotonic_now() const noexcept override {
    return provisr::MonotonicTime(std::chrono::milliseconds(++looks_));
  }
  [[nodiscard]] provisr::Timestamp utc_now() const noexcept override {
    return provisr::Timestamp(std::chrono::seconds(1'737'973'845));
  }

 private:
  mutable std::int64_t looks_ = 0;
};

constexpr std::size_t processes = 100;
constexpr std::size_t pushes = 1'000;
constexpr std::size_t history_capacity = 100;

using Registry = provisr::BasicRegistry<provisr::bench::FakeSampler>;

struct Fixture {
  Fixture() {
    provisr::bench::track_fakes(registry, processes);
    static_cast<void>(registry.declare("recorded"));
    for (std::size_t i = 0; i <= history_capacity; ++i) registry.tick();
    provisr::write_prometheus(registry.snapshot(), text);
    text.clear();
  }

  SteppingClock clock;
  Registry registry{{.max_history = history_capacity,
                     .further_figures = {},
                     .diagnostics = {},
                     .storage = provisr::heap_storage,
                     .observer = {},
                     .clock = &clock}};
  provisr::History history{history_capacity};
  provisr::ProcessMetrics sample;
  std::string text;
};

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

extern "C" {

/// Pushes 1,000 samples into a full history.
[[gnu::noinline]] void cost_push(Fixture& fixture) {
  for (std::size_t i = 0; i < pushes; ++i) {
    fixture.sample.cpu_time_ns = i;
    fixture.history.push(fixture.sample);
  }
}

/// Records 1,000 samples in the registry, which finds the history by name.
[[gnu::noinline]] void cost_record(Fixture& fixture) {
  for (std::size_t i = 0; i < pushes; ++i) {
    fixture.sample.cpu_time_ns = i;
    static_cast<void>(fixture.registry.record("recorded", fixture.sample));
  }
}

/// Samples 100 processes whose readings cost nothing.
[[gnu::noinline]] void cost_tick(Fixture& fixture) {
  fixture.registry.tick();
}

/// Writes the exposition of 100 processes.
[[gnu::noinline]] void cost_exposition(Fixture& fixture) {
  provisr::write_prometheus(fixture.registry.snapshot(), fixture.text);
}
}

int main(int argc, char** argv) {
  const std::string_view name = argc == 2 ? argv[1] : "";
  Fixture fixture;
  void (*hot_path)(Fixture&) = nullptr;
  if (name == "push") hot_path = cost_push;
  if (name == "record") hot_path = cost_record;
  if (name == "tick") hot_path = cost_tick;
  if (name == "exposition") hot_path = cost_exposition;
  if (hot_path == nullptr) {
    std::cerr << "usage: cost push|record|tick|exposition\n";
    return 2;
  }
  const std::uint64_t before = allocations;
  hot_path(fixture);
  std::cout << allocations - before << '\n';
  return 0;
}

#include "lib/platform/linux/swap_watch.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>

using namespace provisr::linux_platform;
using namespace std::chrono_literals;

namespace {

SwapUse answer = SwapUse::none;
int times_asked = 0;

SwapUse ask_fake_system() noexcept {
  ++times_asked;
  return answer;
}

/// A watch over a machine whose answers are given.
struct SwappingMachine {
  explicit SwappingMachine(SwapUse use) {
    times_asked = 0;
    answer = use;
  }

  /// Two processes ask in one tick.
  bool tick(std::chrono::steady_clock::duration later) {
    now += later;
    watch.begin_tick(now);
    const bool first = watch.is_used();
    CHECK(watch.is_used() == first);
    return first;
  }

  std::chrono::steady_clock::time_point now;
  SwapWatch watch{ask_fake_system};
};

}  // namespace

TEST_CASE("a system with swap is asked once a tick") {
  SwappingMachine machine(SwapUse::none);
  CHECK_FALSE(machine.tick(1us));
  answer = SwapUse::some;
  CHECK(machine.tick(1us));
  answer = SwapUse::none;
  CHECK_FALSE(machine.tick(1us));
  CHECK(times_asked == 3);
}

TEST_CASE("a tick that needs no swap does not ask") {
  SwappingMachine machine(SwapUse::none);
  machine.watch.begin_tick(machine.now);
  CHECK(times_asked == 0);
}

TEST_CASE("a system without swap is asked again after a while") {
  SwappingMachine machine(SwapUse::no_swap);
  CHECK_FALSE(machine.tick(0ms));
  answer = SwapUse::some;  // swapon
  CHECK_FALSE(machine.tick(SwapWatch::max_age_of_no_swap - 1ns));
  CHECK(times_asked == 1);
  CHECK(machine.tick(1ns));
  CHECK(times_asked == 2);
}

TEST_CASE("before the first tick, the system is asked, too") {
  SwappingMachine machine(SwapUse::some);
  CHECK(machine.watch.is_used());
}

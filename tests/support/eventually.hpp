#pragma once

#include <chrono>
#include <thread>

namespace provisr::test {

/// The timeout of all waits. It is generous: only a broken program takes this long.
inline constexpr std::chrono::seconds deadline{60};

/// Polls until `condition` is true. Returns false if the deadline passes first.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace provisr::test

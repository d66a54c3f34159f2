#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>
#include <vector>

namespace provisr::child {

/// The parsed command line: `provisr_child MODE NUMBER... [--option...] [--seconds N]`.
struct Request {
  std::vector<long> numbers;
  std::vector<std::string_view> options;
  std::chrono::seconds lifetime{60};

  [[nodiscard]] bool has(std::string_view option) const;
};

struct NumberCount {
  std::size_t least;
  std::size_t most;
};

struct Mode {
  const char* name;
  const char* arguments;
  const char* effect;
  NumberCount numbers;
  std::vector<std::string_view> options;
  int (*run)(const Request&);
};

/// Returns all modes. Each prints "ready" on standard output when it is in its known state, and
/// ends on its own after Request::lifetime at the latest.
const std::vector<Mode>& modes();

}  // namespace provisr::child

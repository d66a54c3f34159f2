#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// What provisrd lets a configuration say, wherever it is said: in a file or on the command
/// line. A `fault_in_...` gives what is wrong with a value, or an empty string.
namespace provisr::daemon {

template <class Value>
struct Limits {
  Value least;
  Value most;
};

inline constexpr Limits<std::int64_t> instances_limits{1, 1000};
inline constexpr Limits<std::int64_t> max_history_limits{1, 1'000'000};
inline constexpr Limits<std::chrono::milliseconds> interval_limits{std::chrono::milliseconds(10),
                                                                   std::chrono::hours(24)};
inline constexpr Limits<std::chrono::milliseconds> pause_limits{std::chrono::milliseconds(1),
                                                                std::chrono::hours(24)};

[[nodiscard]] std::string fault_in(std::int64_t value, const Limits<std::int64_t>& limits);
[[nodiscard]] std::string fault_in(std::chrono::milliseconds value,
                                   const Limits<std::chrono::milliseconds>& limits);

[[nodiscard]] std::string fault_in_name(std::string_view name);

/// A "KEY=value" for the environment.
[[nodiscard]] std::string fault_in_env_entry(std::string_view entry);

/// The path under which the JSON API lives. "/" alone is the web page's.
[[nodiscard]] std::string fault_in_base_path(std::string_view path);

}  // namespace provisr::daemon

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The rules for values, shared by the configuration file and the command line. Each `fault_in...`
/// returns what is wrong with a value, or an empty string.
namespace provisr::daemon {

template <class Value>
struct Limits {
  Value least;
  Value most;
};

inline constexpr Limits<std::int64_t> instances_limits{1, 1000};
inline constexpr Limits<std::int64_t> max_history_limits{1, 1'000'000};
inline constexpr Limits<std::int64_t> max_connections_limits{1, 1'000'000};
inline constexpr Limits<std::int64_t> retry_count_limits{0, 1'000'000};
inline constexpr Limits<std::chrono::milliseconds> interval_limits{std::chrono::milliseconds(10),
                                                                   std::chrono::hours(24)};
inline constexpr Limits<std::chrono::milliseconds> pause_limits{std::chrono::milliseconds(1),
                                                                std::chrono::hours(24)};
/// How long a client of the API may wait for a start or a stop.
inline constexpr Limits<std::chrono::milliseconds> wait_limits{std::chrono::milliseconds(1),
                                                               std::chrono::minutes(10)};

inline constexpr Limits<std::chrono::milliseconds> history_ttl_limits{std::chrono::milliseconds(0),
                                                                      std::chrono::hours(24 * 365)};
/// 0 means that a process counts as started at once.
inline constexpr Limits<std::chrono::milliseconds> start_duration_limits{
    std::chrono::milliseconds(0), std::chrono::hours(24)};

/// Memory in MiB, and CPU in percent of a core. The least value is the smallest that a sample can
/// distinguish from 0; the most is more than any machine has.
inline constexpr Limits<double> max_memory_mb_limits{0.001, 1'073'741'824};
inline constexpr Limits<double> max_cpu_percent_limits{0.001, 1'000'000};
/// How long a limit must be exceeded. 0 means that one sample is enough.
inline constexpr Limits<std::chrono::milliseconds> breach_duration_limits{
    std::chrono::milliseconds(0), std::chrono::hours(24)};

inline constexpr Limits<std::int64_t> max_matches_limits{1, 10'000};
/// The longest pattern of a `match`, in bytes.
inline constexpr std::size_t max_pattern_length = 512;

/// The most processes in one configuration, instances included.
inline constexpr std::int64_t max_processes = 100'000;

/// Return text such as "1 to 1000" or "10ms to 24h".
[[nodiscard]] std::string to_string(const Limits<std::int64_t>& limits);
[[nodiscard]] std::string to_string(const Limits<double>& limits);
[[nodiscard]] std::string to_string(const Limits<std::chrono::milliseconds>& limits);

[[nodiscard]] std::string fault_in(std::int64_t value, const Limits<std::int64_t>& limits);
/// NaN is outside all limits.
[[nodiscard]] std::string fault_in(double value, const Limits<double>& limits);
[[nodiscard]] std::string fault_in(std::chrono::milliseconds value,
                                   const Limits<std::chrono::milliseconds>& limits);

[[nodiscard]] std::string fault_in_name(std::string_view name);

/// Checks an environment entry: it must be "KEY=value".
[[nodiscard]] std::string fault_in_env_entry(std::string_view entry);

/// Checks a name by which clients may call this server: a host name or an address without a port;
/// "*" means any.
[[nodiscard]] std::string fault_in_host_name(std::string_view name);

/// Checks the path that all routes of the JSON API start with. "/" alone is refused because the
/// index of routes is there.
[[nodiscard]] std::string fault_in_base_path(std::string_view path);

}  // namespace provisr::daemon

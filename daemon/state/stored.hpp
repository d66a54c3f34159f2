#pragma once

#include <provisr/process_name.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// Values as files store them: of fixed size, in the machine's byte order.
namespace provisr::daemon {

using StoredName = std::array<char, max_process_name_length>;  ///< padded with zeros

[[nodiscard]] inline StoredName stored_name(std::string_view name) {
  StoredName stored{};
  name.copy(stored.data(), stored.size());
  return stored;
}

[[nodiscard]] inline std::string text_of(const StoredName& stored) {
  return {stored.begin(), std::find(stored.begin(), stored.end(), '\0')};
}

template <class Time>
[[nodiscard]] std::int64_t nanoseconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

template <class Time>
[[nodiscard]] Time time_of(std::int64_t nanoseconds) {
  return Time(
      std::chrono::duration_cast<typename Time::duration>(std::chrono::nanoseconds(nanoseconds)));
}

template <class Value>
[[nodiscard]] std::span<const std::byte> bytes_of(const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  return std::as_bytes(std::span(&value, 1));
}

/// `bytes` must hold at least a Value.
template <class Value>
[[nodiscard]] Value from_bytes(std::span<const std::byte> bytes) {
  static_assert(std::is_trivially_copyable_v<Value>);
  Value value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace provisr::daemon

#pragma once

#include "daemon/platform/posix/mapped_pages.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace provisr::daemon {

/// Memory that the child has after fork_for_exec(), which may leave out the heap. Freed as a whole
/// by the destructor. All functions throw std::bad_alloc.
class ForkArena {
 public:
  ForkArena() = default;
  ForkArena(const ForkArena&) = delete;
  ForkArena& operator=(const ForkArena&) = delete;

  /// Returns a null-terminated copy.
  [[nodiscard]] char* copy(std::string_view text);

  /// Returns copies of `texts`, followed by a null pointer, as execve(2) takes them.
  [[nodiscard]] char** copy(const std::vector<std::string>& texts);

  template <class Value>
  [[nodiscard]] std::span<const Value> copy(const std::vector<Value>& values) {
    static_assert(std::is_trivially_copyable_v<Value>);
    if (values.empty()) return {};
    void* const place = take(values.size() * sizeof(Value));
    std::memcpy(place, values.data(), values.size() * sizeof(Value));
    return {static_cast<const Value*>(place), values.size()};
  }

 private:
  /// Returns zeroed bytes, aligned for every type.
  [[nodiscard]] void* take(std::size_t size);

  std::vector<std::unique_ptr<posix_platform::MappedPages>> chunks_;
  std::span<std::byte> rest_;  ///< unused end of the latest chunk
};

}  // namespace provisr::daemon

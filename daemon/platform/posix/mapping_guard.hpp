#pragma once

#include <cstddef>
#include <span>

namespace provisr::posix_platform {

/// Keeps this program alive if a page of a mapped file can neither be read nor written any more:
/// the file was cut short, or its disk is full or fails. The kernel says so by SIGBUS, which ends a
/// program as a rule. While the guard exists, all of its memory is then replaced by zeros that
/// belong to no file (mmap(2)), and is_lost() from then on. Any other SIGBUS is as before.
///
/// Thread safety: different guards from different threads; is_lost() from any.
class MappingGuard {
 public:
  /// Of pages that are mapped, until the guard's end. Throws std::bad_alloc.
  explicit MappingGuard(std::span<std::byte> memory);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  [[nodiscard]] bool is_lost() const noexcept;

  struct Range;

 private:
  Range* range_;
};

}  // namespace provisr::posix_platform

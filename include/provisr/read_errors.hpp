#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace provisr {

/// The reason why one figure, or all figures, of a living process could not be read.
enum class ReadErrorKind : std::uint8_t {
  permission,      ///< the system denies access to this user
  no_descriptors,  ///< this program or the machine ran out of file descriptors
  unreadable,      ///< no figure could be read, for another reason
  other,
};
inline constexpr std::size_t read_error_kind_count = 4;

[[nodiscard]] constexpr std::string_view to_text(ReadErrorKind kind) noexcept {
  switch (kind) {
    case ReadErrorKind::permission:
      return "permission";
    case ReadErrorKind::no_descriptors:
      return "no_descriptors";
    case ReadErrorKind::unreadable:
      return "unreadable";
    case ReadErrorKind::other:
      break;
  }
  return "other";
}

[[nodiscard]] inline ReadErrorKind kind_of(std::error_code error) noexcept {
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted) {
    return ReadErrorKind::permission;
  }
  if (error == std::errc::too_many_files_open ||
      error == std::errc::too_many_files_open_in_system) {
    return ReadErrorKind::no_descriptors;
  }
  return ReadErrorKind::other;
}

/// Counts of failed reads by kind. A process counts once per tick. Thread-safe.
class ReadErrorCounts {
 public:
  void count(ReadErrorKind kind) noexcept {
    counts_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t of(ReadErrorKind kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, read_error_kind_count> counts_{};
};

}  // namespace provisr

#pragma once

#include "daemon/platform/state_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The format of a file of slots.
struct SlotFormat {
  std::string_view magic;  ///< 8 characters
  std::uint32_t version = 1;
  std::uint32_t payload = 0;  ///< bytes per slot
};

/// A file with a header and slots of equal size. Each slot is written as a whole with a checksum;
/// slots that are incomplete or were changed are not read. See docs/state-format.md.
///
/// Not thread-safe.
class SlotFile {
 public:
  struct Slot {
    std::size_t index = 0;
    std::uint64_t sequence = 0;  ///< at least 1
    std::vector<std::byte> payload;
  };

  /// An upper bound that no writer reaches; adding one cannot overflow.
  static constexpr std::uint64_t last_sequence = std::numeric_limits<std::uint64_t>::max() / 2;

  /// Opens or creates a file. Writes nothing yet, so that a full disk does not prevent a start.
  /// `format.magic` must outlive the object. Returns null if the file cannot be used: `problem`
  /// then holds the reason in words that follow the file's name, and `is_foreign` is true if the
  /// file can be opened but holds something else.
  [[nodiscard]] static std::unique_ptr<SlotFile> open(const std::filesystem::path& file,
                                                      const SlotFormat& format,
                                                      std::string& problem, bool& is_foreign);

  /// Returns all intact slots, by index. `torn` receives the number of damaged ones.
  [[nodiscard]] std::vector<Slot> read(std::size_t& torn) const;

  /// Reserves disk space for this many slots.
  [[nodiscard]] std::error_code reserve(std::size_t slots);

  [[nodiscard]] std::error_code write(std::size_t index, std::uint64_t sequence,
                                      std::span<const std::byte> payload);

  /// Empties a slot.
  [[nodiscard]] std::error_code clear(std::size_t index);

 private:
  SlotFile(std::unique_ptr<StateFile> file, const SlotFormat& format);

  [[nodiscard]] std::uint64_t offset_of(std::size_t index) const;
  [[nodiscard]] std::error_code check_header(bool& is_foreign);
  [[nodiscard]] std::error_code write_header();

  std::unique_ptr<StateFile> file_;
  SlotFormat format_;
  bool has_header_ = false;
};

}  // namespace provisr::daemon

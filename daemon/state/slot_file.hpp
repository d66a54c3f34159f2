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

/// What a file of slots holds.
struct SlotFormat {
  std::string_view magic;  ///< 8 characters
  std::uint32_t version = 1;
  std::uint32_t payload = 0;  ///< bytes in a slot
};

/// A file of slots of one size behind a header, each written as a whole and with a checksum: what
/// was not written to its end, or changed since, is not read. docs/state-format.md.
///
/// Not thread-safe.
class SlotFile {
 public:
  struct Slot {
    std::size_t index = 0;
    std::uint64_t sequence = 0;  ///< at least 1
    std::vector<std::byte> payload;
  };

  /// No writer gets that far; one more than it is still a number.
  static constexpr std::uint64_t last_sequence = std::numeric_limits<std::uint64_t>::max() / 2;

  /// Opens a file, or makes it; writes nothing yet, so that a full disk keeps nobody from starting.
  /// `format.magic` must outlive the object. Null if it cannot be used: `problem` then says why, in
  /// words that follow its name; `is_foreign` says whether it can be opened but holds something
  /// else.
  [[nodiscard]] static std::unique_ptr<SlotFile> open(const std::filesystem::path& file,
                                                      const SlotFormat& format,
                                                      std::string& problem, bool& is_foreign);

  /// All slots that hold what was written, by index. `torn` counts those that hold something else.
  [[nodiscard]] std::vector<Slot> read(std::size_t& torn) const;

  /// Makes room for that many slots.
  [[nodiscard]] std::error_code reserve(std::size_t slots);

  [[nodiscard]] std::error_code write(std::size_t index, std::uint64_t sequence,
                                      std::span<const std::byte> payload);

  /// Makes a slot empty.
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

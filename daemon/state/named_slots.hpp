#pragma once

#include "daemon/state/slot_file.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// A payload for each name, which begins with the name as a StoredName, in a file of slots. Each
/// name has two, written in turn: a write that is cut short leaves the one before.
///
/// Not thread-safe.
class NamedSlots {
 public:
  /// `torn`: how many slots of the file were not read.
  NamedSlots(std::unique_ptr<SlotFile> file, std::size_t& torn);

  [[nodiscard]] std::vector<std::string> names() const;

  /// Empty if nothing is known of the name; else until the next change.
  [[nodiscard]] std::optional<std::span<const std::byte>> recall(std::string_view name) const;

  /// Writes nothing if nothing has changed.
  [[nodiscard]] std::error_code remember(std::string_view name, std::span<const std::byte> payload);
  [[nodiscard]] std::error_code forget(std::string_view name);

 private:
  struct Known {
    std::size_t pair = 0;
    std::uint64_t sequence = 0;  ///< 0: nothing could be written yet
    std::vector<std::byte> payload;
  };

  [[nodiscard]] static std::size_t slot_of(std::size_t pair, std::uint64_t sequence);
  void take_up(SlotFile::Slot slot);
  [[nodiscard]] std::error_code find_place(std::size_t& pair);

  std::unique_ptr<SlotFile> file_;
  std::map<std::string, Known, std::less<>> known_;
  std::vector<std::size_t> free_pairs_;
  std::size_t pairs_ = 0;
};

}  // namespace provisr::daemon

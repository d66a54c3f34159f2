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

/// A payload per name in a file of slots. The payload begins with the name as a StoredName. Each
/// name has two slots, written in turn: if a write is cut short, the previous payload survives.
///
/// Not thread-safe.
class NamedSlots {
 public:
  /// `torn` receives the number of slots that could not be read.
  NamedSlots(std::unique_ptr<SlotFile> file, std::size_t& torn);

  [[nodiscard]] std::vector<std::string> names() const;

  /// Returns the payload, valid until the next change; empty if the name is unknown.
  [[nodiscard]] std::optional<std::span<const std::byte>> recall(std::string_view name) const;

  /// A no-op if the payload is unchanged.
  [[nodiscard]] std::error_code remember(std::string_view name, std::span<const std::byte> payload);
  [[nodiscard]] std::error_code forget(std::string_view name);

 private:
  struct Known {
    std::size_t pair = 0;
    std::uint64_t sequence = 0;  ///< 0: nothing has been written yet
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

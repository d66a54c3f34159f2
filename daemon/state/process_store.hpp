#pragma once

#include "daemon/state/slot_file.hpp"
#include "daemon/supervisor/process_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The processes of a daemon in a file of slots. Each name has two, written in turn: a write that
/// is cut short leaves the one before.
///
/// Not thread-safe.
class ProcessStore {
 public:
  [[nodiscard]] static SlotFormat format();

  /// `torn`: how many slots of the file were not read.
  ProcessStore(std::unique_ptr<SlotFile> file, std::size_t& torn);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::optional<RememberedProcess> recall(std::string_view name) const;
  [[nodiscard]] std::error_code remember(std::string_view name, const RememberedProcess& process);
  [[nodiscard]] std::error_code forget(std::string_view name);

 private:
  struct Known {
    std::size_t pair = 0;
    std::uint64_t sequence = 0;
    RememberedProcess process;
  };

  [[nodiscard]] static std::size_t slot_of(std::size_t pair, std::uint64_t sequence);
  void take_up(const SlotFile::Slot& slot);
  [[nodiscard]] std::error_code find_place(std::size_t& pair);

  std::unique_ptr<SlotFile> file_;
  std::map<std::string, Known, std::less<>> known_;
  std::vector<std::size_t> free_pairs_;
  std::size_t pairs_ = 0;
};

}  // namespace provisr::daemon

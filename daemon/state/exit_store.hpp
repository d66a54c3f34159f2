#pragma once

#include "daemon/state/slot_file.hpp"
#include "daemon/supervisor/exit_record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The latest exit records in a file of slots, used in turn. Not thread-safe.
class ExitStore {
 public:
  [[nodiscard]] static SlotFormat format();

  /// Keeps `capacity` records, at least 1. `torn`: how many slots of the file were not read.
  ExitStore(std::unique_ptr<SlotFile> file, std::size_t capacity, std::size_t& torn);

  /// What the file held when it was opened, oldest first; only once.
  [[nodiscard]] std::vector<ExitRecord> take_records() { return std::move(records_); }

  [[nodiscard]] std::error_code add(const ExitRecord& record);

 private:
  std::unique_ptr<SlotFile> file_;
  std::size_t capacity_;
  std::uint64_t sequence_ = 0;
  std::vector<ExitRecord> records_;
};

}  // namespace provisr::daemon

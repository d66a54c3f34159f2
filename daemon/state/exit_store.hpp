#pragma once

#include "daemon/state/slot_file.hpp"
#include "daemon/supervisor/exit_record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The latest exit records, stored in files of slots that are used in turn. Not thread-safe.
class ExitStore {
 public:
  [[nodiscard]] static SlotFormat format();
  [[nodiscard]] static SlotFormat samples_format();

  /// Keeps `capacity` records, at least 1. A file of its own keeps the samples before the last
  /// sample of each record. `torn` receives the number of slots that could not be read.
  ExitStore(std::unique_ptr<SlotFile> file, std::unique_ptr<SlotFile> samples, std::size_t capacity,
            std::size_t& torn);

  /// A record and its number; numbers ascend from 1.
  struct Numbered {
    std::uint64_t number = 0;
    ExitRecord record;
  };

  /// Returns the records that the file held when it was opened, oldest first. Call it once.
  [[nodiscard]] std::vector<Numbered> take_records() { return std::move(records_); }

  /// `number` must be higher than all earlier ones.
  [[nodiscard]] std::error_code add(std::uint64_t number, const ExitRecord& record);

 private:
  std::unique_ptr<SlotFile> file_;
  std::unique_ptr<SlotFile> samples_;
  std::size_t capacity_;
  std::vector<Numbered> records_;
};

}  // namespace provisr::daemon

#pragma once

#include "daemon/state/slot_file.hpp"
#include "daemon/supervisor/exit_record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

namespace provisr::daemon {

/// The latest exit records in files of slots, used in turn. Not thread-safe.
class ExitStore {
 public:
  [[nodiscard]] static SlotFormat format();
  [[nodiscard]] static SlotFormat samples_format();

  /// Keeps `capacity` records, at least 1, and in a file of their own the samples before each one's
  /// last. `torn`: how many slots of the files were not read.
  ExitStore(std::unique_ptr<SlotFile> file, std::unique_ptr<SlotFile> samples, std::size_t capacity,
            std::size_t& torn);

  /// A record and its number, which rises from 1 on.
  struct Numbered {
    std::uint64_t number = 0;
    ExitRecord record;
  };

  /// What the file held when it was opened, oldest first; only once.
  [[nodiscard]] std::vector<Numbered> take_records() { return std::move(records_); }

  /// `number` is higher than all before.
  [[nodiscard]] std::error_code add(std::uint64_t number, const ExitRecord& record);

 private:
  std::unique_ptr<SlotFile> file_;
  std::unique_ptr<SlotFile> samples_;
  std::size_t capacity_;
  std::vector<Numbered> records_;
};

}  // namespace provisr::daemon

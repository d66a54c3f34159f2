#include "daemon/state/exit_store.hpp"

#include "daemon/state/stored.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace provisr::daemon {
namespace {

/// Times that are unknown.
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();

constexpr std::uint32_t core_flag = 1;
constexpr std::uint32_t oom_flag = 2;

struct StoredExit {
  StoredName name{};
  std::int64_t pid = 0;
  std::int64_t started_at = never;  ///< nanoseconds since 1970, as is ended_at
  std::int64_t ended_at = 0;
  std::int32_t code = 0;
  std::int32_t signal = 0;
  std::uint32_t has_status = 0;
  std::uint32_t flags = 0;
  std::uint32_t reason = 0;
  std::uint32_t has_sample = 0;
  std::uint64_t has_memory_peak = 0;
  std::uint64_t memory_peak = 0;
  ProcessMetrics sample;
};
static_assert(std::is_trivially_copyable_v<StoredExit> && sizeof(StoredExit) == 256);

[[nodiscard]] StoredExit to_stored(const ExitRecord& record) {
  StoredExit stored{.name = stored_name(record.name), .pid = record.pid, .sample = {}};
  if (record.started_at) stored.started_at = nanoseconds_of(*record.started_at);
  stored.ended_at = nanoseconds_of(record.ended_at);
  stored.reason = static_cast<std::uint32_t>(record.reason);
  if (record.status) {
    stored.has_status = 1;
    stored.code = record.status->code;
    stored.signal = record.status->signal;
    stored.flags = (record.status->has_dumped_core ? core_flag : 0U) |
                   (record.status->was_oom_kill ? oom_flag : 0U);
  }
  stored.has_memory_peak = record.memory_peak ? 1 : 0;
  stored.memory_peak = record.memory_peak.value_or(0);
  stored.has_sample = record.last_sample ? 1 : 0;
  if (record.last_sample) stored.sample = *record.last_sample;
  return stored;
}

[[nodiscard]] ExitRecord from_stored(const StoredExit& stored) {
  ExitRecord record{.name = text_of(stored.name), .pid = static_cast<ProcessId>(stored.pid)};
  if (stored.started_at != never) record.started_at = time_of<Timestamp>(stored.started_at);
  record.ended_at = time_of<Timestamp>(stored.ended_at);
  constexpr auto last_reason = static_cast<std::uint32_t>(ExitReason::shutdown);
  record.reason = static_cast<ExitReason>(std::min(stored.reason, last_reason));
  if (stored.has_status != 0) {
    record.status = ExitStatus{.code = stored.code,
                               .signal = stored.signal,
                               .has_dumped_core = (stored.flags & core_flag) != 0,
                               .was_oom_kill = (stored.flags & oom_flag) != 0};
  }
  if (stored.has_memory_peak != 0) record.memory_peak = stored.memory_peak;
  if (stored.has_sample != 0) record.last_sample = stored.sample;
  return record;
}

}  // namespace

SlotFormat ExitStore::format() {
  return {.magic = "PROVEXI1", .version = 1, .payload = sizeof(StoredExit)};
}

ExitStore::ExitStore(std::unique_ptr<SlotFile> file, std::size_t capacity, std::size_t& torn)
    : file_(std::move(file)), capacity_(capacity) {
  std::vector<SlotFile::Slot> slots = file_->read(torn);
  std::sort(slots.begin(), slots.end(),
            [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  for (const SlotFile::Slot& slot : slots) {
    ExitRecord record = from_stored(from_bytes<StoredExit>(slot.payload));
    if (!is_valid_process_name(record.name)) continue;
    records_.push_back({slot.sequence, std::move(record)});
  }
  if (records_.size() > capacity_) {
    records_.erase(records_.begin(), records_.end() - static_cast<std::ptrdiff_t>(capacity_));
  }
}

std::error_code ExitStore::add(std::uint64_t number, const ExitRecord& record) {
  return file_->write(static_cast<std::size_t>(number % capacity_), number,
                      bytes_of(to_stored(record)));
}

}  // namespace provisr::daemon

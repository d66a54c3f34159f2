#include "daemon/state/exit_store.hpp"

#include "daemon/state/stored.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <map>
#include <type_traits>
#include <utility>

namespace provisr::daemon {
namespace {

/// Marks an unknown time.
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

/// The samples before the last one, oldest first.
struct StoredSamples {
  std::uint64_t count = 0;
  std::array<std::byte, 56> reserved{};
  std::array<ProcessMetrics, max_last_samples - 1> samples;
};
static_assert(std::is_trivially_copyable_v<StoredSamples> && sizeof(StoredSamples) == 320);

[[nodiscard]] StoredSamples samples_to_store(const ExitRecord& record) {
  StoredSamples stored{.samples = {}};
  if (record.last_samples.empty()) return stored;
  for (auto sample = record.last_samples.begin(); sample + 1 != record.last_samples.end();
       ++sample) {
    if (stored.count < stored.samples.size()) stored.samples[stored.count++] = *sample;
  }
  return stored;
}

/// Adds the stored samples that belong to the process; none if the last sample is unknown.
void add_samples_before(const StoredSamples& stored, ExitRecord& record) {
  if (record.last_samples.empty()) return;
  const auto count = std::min<std::uint64_t>(stored.count, stored.samples.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    if (stored.samples[i].pid != record.pid) continue;
    record.last_samples.insert(record.last_samples.end() - 1, stored.samples[i]);
  }
}

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
  stored.has_sample = record.last_samples.empty() ? 0 : 1;
  if (!record.last_samples.empty()) stored.sample = record.last_samples.back();
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
  if (stored.has_sample != 0) record.last_samples.push_back(stored.sample);
  return record;
}

}  // namespace

SlotFormat ExitStore::format() {
  return {.magic = "PROVEXI1", .version = 1, .payload = sizeof(StoredExit)};
}

SlotFormat ExitStore::samples_format() {
  return {.magic = "PROVSMP1", .version = 1, .payload = sizeof(StoredSamples)};
}

ExitStore::ExitStore(std::unique_ptr<SlotFile> file, std::unique_ptr<SlotFile> samples,
                     std::size_t capacity, std::size_t& torn)
    : file_(std::move(file)), samples_(std::move(samples)), capacity_(capacity) {
  std::map<std::uint64_t, StoredSamples> samples_before;
  std::size_t torn_samples = 0;
  for (const SlotFile::Slot& slot : samples_->read(torn_samples)) {
    samples_before.emplace(slot.sequence, from_bytes<StoredSamples>(slot.payload));
  }
  std::vector<SlotFile::Slot> slots = file_->read(torn);
  std::sort(slots.begin(), slots.end(),
            [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
  for (const SlotFile::Slot& slot : slots) {
    ExitRecord record = from_stored(from_bytes<StoredExit>(slot.payload));
    if (!is_valid_process_name(record.name)) continue;
    const auto before = samples_before.find(slot.sequence);
    if (before != samples_before.end()) add_samples_before(before->second, record);
    records_.push_back({slot.sequence, std::move(record)});
  }
  if (records_.size() > capacity_) {
    records_.erase(records_.begin(), records_.end() - static_cast<std::ptrdiff_t>(capacity_));
  }
  torn += torn_samples;
}

std::error_code ExitStore::add(std::uint64_t number, const ExitRecord& record) {
  const auto index = static_cast<std::size_t>(number % capacity_);
  const std::error_code error = samples_->write(index, number, bytes_of(samples_to_store(record)));
  const std::error_code record_error = file_->write(index, number, bytes_of(to_stored(record)));
  return record_error ? record_error : error;
}

}  // namespace provisr::daemon

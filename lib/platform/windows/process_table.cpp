#include "lib/platform/windows/process_table.hpp"

#include <winternl.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace provisr::windows_platform {
namespace {

/// The start of one record of NtQuerySystemInformation(SystemProcessInformation). winternl.h
/// declares the times as "reserved".
struct Record {
  ULONG next_offset;  ///< 0 in the last record
  ULONG num_threads;
  std::int64_t private_working_set;
  ULONG hard_faults;  ///< pages read from storage
  ULONG max_threads;
  std::uint64_t cycles;
  std::int64_t created_at;
  std::int64_t user_time;    ///< in units of 100 ns, like the next
  std::int64_t kernel_time;  ///< both include ended threads
  UNICODE_STRING image_name;
  LONG base_priority;
  HANDLE pid;
  HANDLE parent;
};

[[nodiscard]] ProcessTable::Entry entry_of(const Record& record) noexcept {
  ProcessTable::Entry entry;
  entry.pid = static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(record.pid));
  entry.parent = static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(record.parent));
  entry.created_at = record.created_at;
  if (record.num_threads > 0) entry.num_threads = std::uint32_t{record.num_threads};
  entry.cpu_time_ns = static_cast<std::uint64_t>(record.user_time + record.kernel_time) * 100;
  entry.hard_faults = std::uint64_t{record.hard_faults};
  return entry;
}

}  // namespace

void ProcessTable::read() noexcept {
  entries_.clear();
  try {
    auto rest = query();
    while (rest.size() >= sizeof(Record)) {
      Record record;
      std::memcpy(&record, rest.data(), sizeof record);
      entries_.push_back(entry_of(record));
      if (record.next_offset == 0 || record.next_offset > rest.size()) break;
      rest = rest.subspan(record.next_offset);
    }
  } catch (const std::bad_alloc&) {
    entries_.clear();
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.pid < b.pid; });
}

std::span<const std::byte> ProcessTable::query() {
  constexpr NTSTATUS too_small = static_cast<NTSTATUS>(0xC000'0004);  // STATUS_INFO_LENGTH_MISMATCH
  constexpr ULONG first_size = 256 * 1024;
  if (buffer_.empty()) buffer_.resize(first_size);
  for (;;) {
    ULONG length = 0;
    const NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, buffer_.data(),
                                                     static_cast<ULONG>(buffer_.size()), &length);
    if (status >= 0) return std::span(buffer_).first(length);
    if (status != too_small) return {};
    // Larger than requested: more processes may start in between.
    buffer_.resize(std::max<std::size_t>(length, buffer_.size()) * 3 / 2);
  }
}

ProcessTable::Entry ProcessTable::find(DWORD pid) const noexcept {
  const auto found =
      std::lower_bound(entries_.begin(), entries_.end(), pid,
                       [](const Entry& entry, DWORD wanted) { return entry.pid < wanted; });
  return found != entries_.end() && found->pid == pid ? *found : Entry{};
}

DWORD ProcessTable::living_parent(const Entry& entry) const noexcept {
  const Entry parent = find(entry.parent);
  // A parent that is younger than its child has reused the id of the real parent.
  const bool is_right = parent.pid != 0 && parent.created_at <= entry.created_at;
  return is_right && parent.pid != entry.pid ? parent.pid : 0;
}

std::span<const Descent> ProcessTable::descents() noexcept {
  descents_.clear();
  try {
    for (const Entry& entry : entries_) {
      const auto parent = static_cast<ProcessId>(living_parent(entry));
      if (entry.pid != 0) descents_.push_back({static_cast<ProcessId>(entry.pid), parent, 0});
    }
  } catch (const std::bad_alloc&) {
    descents_.clear();
  }
  return descents_;
}

}  // namespace provisr::windows_platform

#include "daemon/state/process_store.hpp"

#include "daemon/state/stored.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <type_traits>
#include <utility>

namespace provisr::daemon {
namespace {

struct StoredProcess {
  StoredName name{};
  std::uint64_t starts = 0;
  std::uint32_t flags = 0;
  std::uint32_t kind = 0;  ///< 0: child, 1: pid_file, 2: match
  ProcessIdentity identity;
  std::int64_t started_at = 0;         ///< nanoseconds since 1970
  std::int64_t started_monotonic = 0;  ///< nanoseconds of the monotonic clock
  std::uint64_t program = 0;
};
static_assert(std::is_trivially_copyable_v<StoredProcess> && sizeof(StoredProcess) == 232);

[[nodiscard]] std::uint32_t number_of(ProcessKind kind) {
  switch (kind) {
    case ProcessKind::child:
      return 0;
    case ProcessKind::pid_file:
      return 1;
    case ProcessKind::match:
      break;
  }
  return 2;
}

[[nodiscard]] ProcessKind kind_of(std::uint32_t number) {
  if (number == 0) return ProcessKind::child;
  return number == 1 ? ProcessKind::pid_file : ProcessKind::match;
}

constexpr std::uint32_t stopped_flag = 1;
constexpr std::uint32_t run_flag = 2;
constexpr std::uint32_t ending_flag = 4;

[[nodiscard]] std::uint32_t flags_of(const RememberedProcess& process) {
  std::uint32_t flags = process.is_stopped ? stopped_flag : 0U;
  if (process.run) flags |= run_flag;
  if (process.run && process.run->is_ending) flags |= ending_flag;
  return flags;
}

[[nodiscard]] StoredProcess to_stored(std::string_view name, const RememberedProcess& process) {
  StoredProcess stored{.name = stored_name(name),
                       .starts = process.starts,
                       .flags = flags_of(process),
                       .kind = number_of(process.kind),
                       .identity = {}};
  if (!process.run) return stored;
  stored.identity = process.run->identity;
  stored.started_at = nanoseconds_of(process.run->started.at);
  stored.started_monotonic = nanoseconds_of(process.run->started.monotonic);
  stored.program = process.run->program;
  return stored;
}

[[nodiscard]] RememberedProcess from_stored(const StoredProcess& stored) {
  RememberedProcess process{.kind = kind_of(stored.kind),
                            .starts = stored.starts,
                            .is_stopped = (stored.flags & stopped_flag) != 0,
                            .run = {}};
  if ((stored.flags & run_flag) == 0) return process;
  process.run = {.identity = stored.identity,
                 .started = {time_of<Timestamp>(stored.started_at),
                             time_of<MonotonicTime>(stored.started_monotonic)},
                 .program = stored.program,
                 .is_ending = (stored.flags & ending_flag) != 0};
  return process;
}

}  // namespace

SlotFormat ProcessStore::format() {
  return {.magic = "PROVPRC1", .version = 1, .payload = sizeof(StoredProcess)};
}

ProcessStore::ProcessStore(std::unique_ptr<SlotFile> file, std::size_t& torn)
    : file_(std::move(file)) {
  std::map<std::size_t, SlotFile::Slot> newest;  // by pair
  for (SlotFile::Slot& slot : file_->read(torn)) {
    const std::size_t pair = slot.index / 2;
    SlotFile::Slot& known = newest[pair];
    const bool is_in_place = slot.index == slot_of(pair, slot.sequence);
    if (is_in_place && known.sequence < slot.sequence) known = std::move(slot);
  }
  for (const auto& [pair, slot] : newest) {
    while (pairs_ < pair) free_pairs_.push_back(pairs_++);  // what holds nothing can be used again
    pairs_ = pair + 1;
    if (slot.sequence != 0) take_up(slot);
  }
}

std::size_t ProcessStore::slot_of(std::size_t pair, std::uint64_t sequence) {
  return 2 * pair + sequence % 2;
}

void ProcessStore::take_up(const SlotFile::Slot& slot) {
  const auto stored = from_bytes<StoredProcess>(slot.payload);
  const std::string name = text_of(stored.name);
  if (!is_valid_process_name(name)) return;
  Known& known = known_[name];
  if (known.sequence < slot.sequence) known = {slot.index / 2, slot.sequence, from_stored(stored)};
}

std::vector<std::string> ProcessStore::names() const {
  std::vector<std::string> names;
  for (const auto& [name, known] : known_) names.push_back(name);
  return names;
}

std::optional<RememberedProcess> ProcessStore::recall(std::string_view name) const {
  const auto found = known_.find(name);
  if (found == known_.end()) return std::nullopt;
  return found->second.process;
}

std::error_code ProcessStore::remember(std::string_view name, const RememberedProcess& process) {
  auto found = known_.find(name);
  if (found != known_.end() && found->second.process == process) return {};
  if (found == known_.end()) {
    Known fresh;
    if (const std::error_code error = find_place(fresh.pair)) return error;
    found = known_.emplace(name, fresh).first;
  }
  Known& known = found->second;
  const StoredProcess stored = to_stored(name, process);
  const std::uint64_t sequence = known.sequence + 1;
  const std::error_code error =
      file_->write(slot_of(known.pair, sequence), sequence, bytes_of(stored));
  if (!error) {
    known.sequence = sequence;
    known.process = process;
  }
  return error;
}

std::error_code ProcessStore::find_place(std::size_t& pair) {
  if (!free_pairs_.empty()) {
    pair = free_pairs_.back();
    free_pairs_.pop_back();
    return {};
  }
  pair = pairs_;
  const std::error_code error = file_->reserve(2 * (pairs_ + 1));
  if (!error) ++pairs_;
  return error;
}

std::error_code ProcessStore::forget(std::string_view name) {
  const auto found = known_.find(name);
  if (found == known_.end()) return {};
  const Known known = found->second;
  // The older one first: it must not be taken for what was known last.
  std::error_code error = file_->clear(slot_of(known.pair, known.sequence + 1));
  if (!error) error = file_->clear(slot_of(known.pair, known.sequence));
  if (error) return error;
  known_.erase(found);
  free_pairs_.push_back(known.pair);
  return {};
}

}  // namespace provisr::daemon

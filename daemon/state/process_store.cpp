#include "daemon/state/process_store.hpp"

#include "daemon/state/stored.hpp"

#include <cstdint>
#include <type_traits>

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

std::optional<RememberedProcess> ProcessStore::recall(std::string_view name) const {
  const auto payload = slots_.recall(name);
  if (!payload) return std::nullopt;
  return from_stored(from_bytes<StoredProcess>(*payload));
}

std::error_code ProcessStore::remember(std::string_view name, const RememberedProcess& process) {
  return slots_.remember(name, bytes_of(to_stored(name, process)));
}

}  // namespace provisr::daemon

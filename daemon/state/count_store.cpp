#include "daemon/state/count_store.hpp"

#include "daemon/state/stored.hpp"

#include <algorithm>
#include <type_traits>

namespace provisr::daemon {
namespace {

struct StoredCounts {
  StoredName name{};
  std::uint64_t last_exit = 0;
  std::uint64_t success = 0;
  std::uint64_t exit_code = 0;
  std::uint64_t signal = 0;
  std::uint64_t memory_breaches = 0;
  std::uint64_t cpu_breaches = 0;
};
static_assert(std::is_trivially_copyable_v<StoredCounts> && sizeof(StoredCounts) == 176);

/// A greater number can only come from a damaged file. It would leave no numbers for later exits.
constexpr std::uint64_t max_last_exit = SlotFile::last_sequence / 2;

}  // namespace

SlotFormat CountStore::format() {
  return {.magic = "PROVCNT1", .version = 1, .payload = sizeof(StoredCounts)};
}

std::map<std::string, NameCounts, std::less<>> CountStore::all() const {
  std::map<std::string, NameCounts, std::less<>> all;
  for (const std::string& name : slots_.names()) {
    const auto stored = from_bytes<StoredCounts>(*slots_.recall(name));
    all[name] = {.last_exit = std::min(stored.last_exit, max_last_exit),
                 .exits = {.success = stored.success,
                           .exit_code = stored.exit_code,
                           .signal = stored.signal},
                 .breaches = {.memory = stored.memory_breaches, .cpu = stored.cpu_breaches}};
  }
  return all;
}

std::error_code CountStore::write(std::string_view name, const NameCounts& counts) {
  const StoredCounts stored{.name = stored_name(name),
                            .last_exit = counts.last_exit,
                            .success = counts.exits.success,
                            .exit_code = counts.exits.exit_code,
                            .signal = counts.exits.signal,
                            .memory_breaches = counts.breaches.memory,
                            .cpu_breaches = counts.breaches.cpu};
  return slots_.remember(name, bytes_of(stored));
}

}  // namespace provisr::daemon

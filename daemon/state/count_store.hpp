#pragma once

#include "daemon/state/named_slots.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/limit_breach.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {

/// The counts of one name.
struct NameCounts {
  /// Number of the last exit record that is included; later records are not.
  std::uint64_t last_exit = 0;
  ExitCounts exits = {};
  BreachCounts breaches = {};

  friend bool operator==(const NameCounts&, const NameCounts&) = default;
};

/// The counts of names, stored in a file. Not thread-safe.
class CountStore {
 public:
  [[nodiscard]] static SlotFormat format();

  /// `torn` receives the number of slots that could not be read.
  CountStore(std::unique_ptr<SlotFile> file, std::size_t& torn) : slots_(std::move(file), torn) {}

  [[nodiscard]] std::map<std::string, NameCounts, std::less<>> all() const;
  [[nodiscard]] std::error_code write(std::string_view name, const NameCounts& counts);
  [[nodiscard]] std::error_code forget(std::string_view name) { return slots_.forget(name); }

 private:
  NamedSlots slots_;
};

}  // namespace provisr::daemon

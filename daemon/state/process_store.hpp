#pragma once

#include "daemon/state/named_slots.hpp"
#include "daemon/supervisor/process_memory.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The processes of a daemon, stored in a file. Not thread-safe.
class ProcessStore {
 public:
  [[nodiscard]] static SlotFormat format();

  /// `torn` receives the number of slots that could not be read.
  ProcessStore(std::unique_ptr<SlotFile> file, std::size_t& torn) : slots_(std::move(file), torn) {}

  [[nodiscard]] std::vector<std::string> names() const { return slots_.names(); }
  [[nodiscard]] std::optional<RememberedProcess> recall(std::string_view name) const;
  [[nodiscard]] std::error_code remember(std::string_view name, const RememberedProcess& process);
  [[nodiscard]] std::error_code forget(std::string_view name) { return slots_.forget(name); }

 private:
  NamedSlots slots_;
};

}  // namespace provisr::daemon

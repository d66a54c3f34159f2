#pragma once

#include "daemon/platform/process_identity.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What the next daemon must know about a name.
struct RememberedProcess {
  struct Run {
    ProcessIdentity identity;
    ProcessStatus::Started started;
    std::uint64_t program = 0;  ///< fingerprint_of the configuration at its start
    bool is_ending = false;     ///< it was asked to end

    bool operator==(const Run&) const = default;
  };

  ProcessKind kind = ProcessKind::child;
  std::uint64_t starts = 0;  ///< under this name in all, failed ones included
  bool is_stopped = false;   ///< by a command
  std::optional<Run> run;    ///< the process that runs or has not been reaped

  bool operator==(const RememberedProcess&) const = default;
};

/// Storage of processes that outlives this program.
class ProcessMemory {
 public:
  virtual ~ProcessMemory() = default;

  /// Returns all names that are stored.
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;

  /// Returns what is stored under the name; empty if nothing is.
  [[nodiscard]] virtual std::optional<RememberedProcess> recall(std::string_view name) const = 0;

  /// Stores `process` under the name. Writes nothing if nothing has changed. Returns false if
  /// `process` is not written; it may be, later. recall() knows it at once.
  virtual bool remember(std::string_view name, const RememberedProcess& process) = 0;

  /// Forgets the name, its history included.
  virtual void forget(std::string_view name) = 0;
};

}  // namespace provisr::daemon

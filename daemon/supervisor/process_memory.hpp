#pragma once

#include "daemon/platform/process_identity.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What the next daemon has to know of a process that this one runs.
struct RememberedProcess {
  struct Run {
    ProcessIdentity identity;
    ProcessStatus::Started started;
    std::uint64_t program = 0;  ///< what was started: fingerprint_of its configuration
    bool is_ending = false;     ///< it was asked to end

    bool operator==(const Run&) const = default;
  };

  ProcessKind kind = ProcessKind::child;
  std::uint64_t starts = 0;  ///< ever under this name, failed ones included
  bool is_stopped = false;   ///< by a command
  std::optional<Run> run;    ///< the process that runs, or that has not been collected

  bool operator==(const RememberedProcess&) const = default;
};

/// Remembers processes beyond the end of this program.
class ProcessMemory {
 public:
  virtual ~ProcessMemory() = default;

  /// All names of which something is known.
  [[nodiscard]] virtual std::vector<std::string> names() const = 0;

  /// Empty if nothing is known of the name.
  [[nodiscard]] virtual std::optional<RememberedProcess> recall(std::string_view name) const = 0;

  /// Writes nothing if nothing has changed. False: it could not be written, and what was remembered
  /// before stands.
  virtual bool remember(std::string_view name, const RememberedProcess& process) = 0;

  /// Forgets the name, its history included.
  virtual void forget(std::string_view name) = 0;
};

}  // namespace provisr::daemon

#pragma once

#include "daemon/platform/process_handle.hpp"
#include "daemon/supervisor/managed_process.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace provisr::daemon {

/// What is watched under a name that somebody else runs: one process after the other, each until it
/// ends, with its status, its end's record and what is remembered of it. Not thread-safe.
class WatchedRun {
 public:
  /// `services` must outlive it.
  WatchedRun(std::string name, ProcessKind kind, SampleScope scope,
             const ProcessServices& services);

  void take_over(const RememberedProcess& before);

  /// Notices the end of the process, and how it ended.
  void look(const Moment& now);

  /// Watches the process that has this PID now, in place of the one before, and measures it. If
  /// `is_it` is given, it says whether that is the process that is meant. Fails, and leaves
  /// everything as it was, if it cannot be found or measured.
  [[nodiscard]] std::error_code follow(ProcessId pid, const Moment& now,
                                       const std::function<bool()>& is_it = {});

  /// Watches the process no longer, although it has not ended.
  void release(std::string why);

  /// Records an end of which it is not known yet how it came.
  void flush_record();

  [[nodiscard]] bool runs() const { return is_alive_ != nullptr; }
  [[nodiscard]] bool awaits_record() const { return record_.has_value(); }
  [[nodiscard]] SampleScope scope() const { return scope_; }
  [[nodiscard]] const ProcessStatus& status() const { return status_; }
  void set_error(std::string error) { status_.last_error = std::move(error); }

 private:
  void notice_end(const Moment& now);
  void complete_record(const Moment& now);
  void note_absence(std::string why);
  void count_start(ProcessId pid);
  [[nodiscard]] std::optional<ProcessStatus::Started> start_of(ProcessId pid,
                                                               const Moment& now) const;

  SampleScope scope_;
  const ProcessServices& services_;
  ProcessStatus status_;
  IsAlive is_alive_;                             ///< empty: no process
  std::unique_ptr<ProcessHandle> handle_;        ///< of the process, or of the one in record_
  std::optional<ExitRecord> record_;             ///< of its end, until it is known how it ended
  MonotonicTime record_until_{};                 ///< when to give up on that
  std::uint64_t starts_ = 0;                     ///< processes that were found under this name
  std::optional<ProcessIdentity> last_watched_;  ///< if it is remembered
  std::optional<ProcessStatus::Started> last_started_;  ///< of that one
};

}  // namespace provisr::daemon

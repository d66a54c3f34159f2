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

/// The watch over the processes that somebody else runs under one name, one after the other. Keeps
/// the status, records the ends, and saves what the next daemon must know. Not thread-safe.
class WatchedRun {
 public:
  /// `services` must outlive the run.
  WatchedRun(std::string name, ProcessKind kind, SampleScope scope,
             const ProcessServices& services);

  void take_over(const RememberedProcess& before);

  /// Checks how the last process has ended and, unless ends are announced, whether this one has.
  void look(const Moment& now);

  /// Must be called when the end of expected_end() is announced.
  void note_end(const Moment& now);
  [[nodiscard]] bool is_end_announced() const { return is_end_announced_; }
  /// Returns the running process, or an ended one whose exit status is still unknown.
  [[nodiscard]] std::optional<ProcessId> expected_end() const {
    return record_ ? record_->pid : status_.pid;
  }

  /// Watches and measures the process that has this PID now, in place of the previous one. `is_it`,
  /// if given, returns whether that is the intended process. Fails, and changes nothing, if the
  /// process cannot be found or measured.
  [[nodiscard]] std::error_code follow(ProcessId pid, const Moment& now,
                                       const std::function<bool()>& is_it = {});

  /// Returns whether a pid_file of this age named a process that was watched under this name and
  /// has ended since, so that the process that has the PID now, if any, is another one.
  [[nodiscard]] bool has_ended_since(ProcessId pid, std::chrono::nanoseconds age_of_file,
                                     const Moment& now) const;

  /// Measures the process from now on, or its tree.
  void set_scope(SampleScope scope);

  /// Stops watching the process, although it has not ended.
  void release(std::string why);

  /// Records an end that was noticed but whose exit status is not known yet.
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
  [[nodiscard]] bool is_another(ProcessId pid) const;
  [[nodiscard]] std::optional<ProcessStatus::Started> start_of(ProcessId pid,
                                                               const Moment& now) const;

  SampleScope scope_;
  const ProcessServices& services_;
  ProcessStatus status_;
  IsAlive is_alive_;                       ///< empty: no process
  std::unique_ptr<ProcessHandle> handle_;  ///< of the process, or of the one in record_
  bool is_end_announced_ = false;
  std::optional<ExitRecord> record_;  ///< of the latest end, until the exit status is known
  MonotonicTime record_until_{};      ///< when to record the end without a status
  std::uint64_t starts_ = 0;          ///< processes that were found under this name
  std::optional<ProcessIdentity> last_watched_;         ///< if there is a ProcessMemory
  std::optional<ProcessStatus::Started> last_started_;  ///< of last_watched_
};

}  // namespace provisr::daemon

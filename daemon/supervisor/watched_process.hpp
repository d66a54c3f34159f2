#pragma once

#include "daemon/platform/process_handle.hpp"
#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/pid_file.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace provisr::daemon {

/// A process that others run and that a pid_file names. It is never signalled.
///
/// The process that the file named last is watched until it ends, even if the file changes or
/// disappears. Once it has ended, its PID is ignored until the file is written again, because the
/// PID may have been reused.
class WatchedProcess final : public ManagedProcess {
 public:
  WatchedProcess(std::string name, std::filesystem::path pid_file, SampleScope scope,
                 const ProcessServices& services);

  void update(const Moment& now) override;
  void take_over(const RememberedProcess& before, const Moment& now) override;
  void shut_down(const Moment& /*now*/) override {}
  [[nodiscard]] bool ended() const override { return true; }
  [[nodiscard]] MonotonicTime next_deadline() const override { return next_look_; }
  [[nodiscard]] const ProcessStatus& status() const override { return status_; }
  [[nodiscard]] const std::filesystem::path& pid_file() const { return pid_file_; }
  [[nodiscard]] SampleScope scope() const { return scope_; }

 private:
  void notice_end(const Moment& now);
  void complete_record();
  void read_file();
  void follow(ProcessId pid);
  void flush_record();
  void count_start(ProcessId pid);
  void report(const std::string& problem);

  std::filesystem::path pid_file_;
  SampleScope scope_;
  const ProcessServices& services_;
  ProcessStatus status_;
  std::optional<PidFile> last_reading_;
  IsAlive is_alive_;                       ///< empty: no process
  std::unique_ptr<ProcessHandle> handle_;  ///< of the process, or of the one in record_
  std::optional<ExitRecord> record_;       ///< of its end, until it is known how it ended
  int looks_at_record_ = 0;
  MonotonicTime next_look_{};  ///< the first: at once
  RepeatFilter problems_;
  std::uint64_t starts_ = 0;                     ///< processes that were found under this name
  std::optional<ProcessIdentity> last_watched_;  ///< if it is remembered
};

}  // namespace provisr::daemon

#pragma once

#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/pid_file.hpp"
#include "daemon/supervisor/watched_run.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace provisr::daemon {

/// A process that others run and that a pid_file names. It is never signalled.
///
/// The process that the file named last is watched until it ends, even if the file disappears or no
/// longer holds a PID. After its end, its PID is ignored until the file is written again, because
/// the PID may have been reused. A later daemon does so, too, if there is a ProcessMemory.
class WatchedProcess final : public ManagedProcess {
 public:
  WatchedProcess(std::string name, std::filesystem::path pid_file, SampleScope scope,
                 const ProcessServices& services);

  /// Applies another configuration. Goes on with the same process if the file names it, too.
  void reconfigure(const std::filesystem::path& pid_file, SampleScope scope);

  void update(const Moment& now) override;
  /// The file is read at the next look, so that its owner cannot hurry this program.
  void note_end(const Moment& now) override { run_.note_end(now); }
  void take_over(const RememberedProcess& before, const Moment& now) override;
  void shut_down(const Moment& /*now*/) override { run_.flush_record(); }
  [[nodiscard]] bool ended() const override { return true; }
  [[nodiscard]] MonotonicTime next_deadline() const override { return next_look_; }
  [[nodiscard]] std::optional<ProcessId> expected_end() const override {
    return run_.expected_end();
  }
  [[nodiscard]] const ProcessStatus& status() const override { return run_.status(); }
  [[nodiscard]] const std::filesystem::path& pid_file() const { return question_.file(); }
  /// Returns what the next update() asks.
  [[nodiscard]] const PidFileQuestion& question() const { return question_; }
  [[nodiscard]] SampleScope scope() const override { return run_.scope(); }

 private:
  void read_file(const Moment& now);
  void take_reading(PidFile reading, const Moment& now);
  void note_silence(bool is_silent);
  void follow(ProcessId pid, const Moment& now);
  void report(const std::string& problem);

  PidFileQuestion question_;
  const ProcessServices& services_;
  WatchedRun run_;
  std::optional<PidFile> last_reading_;
  std::optional<std::string> error_before_silence_;  ///< while the file system does not answer
  MonotonicTime next_look_{};                        ///< the first look is due at once
  RepeatFilter problems_;
};

}  // namespace provisr::daemon

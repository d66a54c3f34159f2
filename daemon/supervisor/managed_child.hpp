#pragma once

#include "daemon/config/config.hpp"
#include "daemon/supervisor/managed_process.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace provisr::daemon {

/// A process that the daemon starts, restarts and stops, together with its process group.
class ManagedChild final : public ManagedProcess {
 public:
  ManagedChild(std::string name, const ProcessConfig& config, bool inherit_stdin,
               const ProcessServices& services);

  void start(const Moment& now) override;
  void update(const Moment& now) override;
  void stop(const Moment& now) override;
  [[nodiscard]] bool ended() const override { return phase_ == Phase::ended; }
  [[nodiscard]] MonotonicTime next_deadline() const override;
  [[nodiscard]] int result() const override { return result_; }
  [[nodiscard]] bool given_up() const override { return given_up_; }
  [[nodiscard]] const ProcessStatus& status() const override { return status_; }

 private:
  enum class Phase {
    waiting,  ///< for the start or the next one
    running,
    ending,  ///< the process or the rest of its group has been asked to end; killed at deadline_
    ended,
  };

  void launch(const Moment& now);
  void fail_start(const Moment& now, const std::error_code& error, const std::string& what);
  void wait_for_restart(MonotonicTime since);
  void look_for_exit(const Moment& now);
  void note_exit(const ExitStatus& how, const Moment& now);
  void begin_ending(const Moment& now);
  void continue_ending(const Moment& now);
  void escalate(const Moment& now);
  void settle(const Moment& now);
  void enter_pid_file();
  void remove_own_pid_file() const;

  ProcessConfig config_;
  ChildCommand command_;
  const ProcessServices& services_;
  ProcessStatus status_;
  Phase phase_ = Phase::waiting;
  std::unique_ptr<ChildProcess> child_;
  MonotonicTime launched_at_{};
  MonotonicTime exited_at_{};
  MonotonicTime deadline_{};   ///< to restart (waiting) or to kill (ending)
  MonotonicTime next_look_{};  ///< while ending: no event reports the end of the rest of a group
  std::uint64_t launches_ = 0;
  RepeatFilter start_problems_;
  RepeatFilter pid_file_problems_;
  int result_ = 0;
  bool leader_ended_ = false;
  bool killed_ = false;
  bool stop_requested_ = false;
  bool given_up_ = false;
};

}  // namespace provisr::daemon

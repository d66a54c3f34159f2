#pragma once

#include "daemon/config/config.hpp"
#include "daemon/supervisor/backoff.hpp"
#include "daemon/supervisor/child_pid_file.hpp"
#include "daemon/supervisor/managed_process.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace provisr::daemon {

/// Whether a process should run. The initial goal is `up`.
enum class Goal { up, down };

/// How far a process is on the way to its goal.
enum class Progress { under_way, reached, failed };

/// A child, with its process group, that the daemon starts, restarts and stops.
///
/// Only update() starts a process; a command makes the start due at once.
class ManagedChild final : public ManagedProcess {
 public:
  ManagedChild(std::string name, const ProcessConfig& config, bool inherit_stdin,
               const ProcessServices& services);

  void update(const Moment& now) override;
  void note_end(const Moment& now) override { update(now); }
  void take_over(const RememberedProcess& before, const Moment& now) override;
  void shut_down(const Moment& now) override;
  [[nodiscard]] bool ended() const override;
  [[nodiscard]] MonotonicTime next_deadline() const override;
  [[nodiscard]] const ProcessStatus& status() const override { return status_; }
  [[nodiscard]] SampleScope scope() const override { return config_.scope; }

  /// Commands. After shut_down(), none of them starts the process.
  void bring_up(const Moment& now);
  void bring_down(const Moment& now, ExitReason reason = ExitReason::stop);
  void restart(const Moment& now, ExitReason reason = ExitReason::restart);

  enum class Change {
    none,
    policy,   ///< the process goes on; how it is started, restarted or stopped has changed
    program,  ///< the program has changed: the process is restarted
  };

  /// Applies another configuration.
  Change reconfigure(const ProcessConfig& config, const Moment& now);

  /// Saves changes for the next daemon. Returns false if they could not be written.
  bool remember();

  /// Takes the result of a write of this pid file that came late. Returns whether this child has
  /// waited for it.
  bool note_pid_file(const std::filesystem::path& file, std::error_code error) {
    return pid_file_.note_late_write(file, error);
  }

  /// Kills the process and its group if they have been asked to end.
  void kill_now(const Moment& now);

  [[nodiscard]] Goal goal() const { return goal_; }
  [[nodiscard]] Progress progress() const;

  /// Returns the PID of the child if it has not been reaped, running or not.
  [[nodiscard]] std::optional<ProcessId> expected_end() const override;

  /// As ChildCommand::launch_id, of the latest start; empty if there was none.
  [[nodiscard]] const std::string& launch_id() const { return command_.launch_id; }
  /// As ChildProcess::adopter(); 0 if there is no child.
  [[nodiscard]] ProcessId adopter() const { return child_ ? child_->adopter() : 0; }
  /// Tells that an orphan of the process was found before the process is measured.
  void note_early_orphan() { may_have_orphans_ = true; }

  /// Returns the exit status as a shell reports it: 127 or 126 if the process could not be started;
  /// 0 if it has not ended, or ended because it was asked to; 255 if the status is not known.
  [[nodiscard]] int result() const { return result_; }

  /// Returns whether a process that could not be killed may still run.
  [[nodiscard]] bool given_up() const { return given_up_; }

  /// Returns how long it takes at most to end the process and what it leaves behind.
  [[nodiscard]] std::chrono::milliseconds longest_end() const;

 private:
  //            start due             start_duration        ended on its own, is restarted
  //   waiting ───────────> starting ─────────────> running ─────────────────────> clearing
  //     ^  ^  not executed  │ │ │                     │                              ^  │
  //     │  └────────────────┘ │ └─────────────────────│── ended on its own ──────────┘  │
  //     │    v                └──────────┐   ┌────────┘ asked to end, or ended for good │
  //     │  failed                        v   v                                          │
  //     │    ^ retry_count              ending ──────────> exited                       │
  //     │    └───────────────────────────┤ to restart        nothing is left of the group
  //     └────────────────────────────────┴──────────────────────────────────────────────┘
  enum class Phase {
    waiting,  ///< for the start at deadline_
    starting,
    running,
    ending,    ///< killed at deadline_
    clearing,  ///< the rest of the group is killed at deadline_
    exited,
    failed,
  };

  [[nodiscard]] static ProcessState state_of(Phase phase, Goal goal);

  void enter(Phase phase);
  void reconsider_restart(const Moment& now);
  void follow_times();
  void tell_log_files();
  void launch(const Moment& now);
  [[nodiscard]] std::unique_ptr<ChildProcess> start_process(const Moment& now,
                                                            StartFailure& failure);
  [[nodiscard]] std::unique_ptr<ChildProcess> try_to_launch(StartFailure& failure);
  [[nodiscard]] bool save_run(ProcessId pid, const Moment& now);
  void note_birth(const ChildProcess& child, const Moment& now);
  void adopt(const RememberedProcess::Run& run, const Moment& now);
  void note_end_while_away(const RememberedProcess::Run& run, const Moment& now);
  void end_leftovers(const RememberedProcess::Run& run, const Moment& now);
  [[nodiscard]] bool is_recorded(const RememberedProcess::Run& run) const;
  void continue_to_start(const Moment& now);
  void look_at_execution(const Moment& now);
  void note_execution(const Moment& now);
  [[nodiscard]] bool may_soon_succeed(const StartFailure& failure, const Moment& now);
  void wait_for_descriptors(const StartFailure& failure, const Moment& now);
  void note_canceled_start(const Moment& now);
  void note_failed_start(const StartFailure& failure, const Moment& now);
  void wait_for_start(MonotonicTime due);
  void measure(const Moment& now);
  void ask_to_end(const Moment& now, ExitReason reason);
  void take_exit(const Moment& now);
  void judge_end(MonotonicTime::duration uptime, bool has_escaped);
  void collect(const Moment& now);
  void note_exit(const std::optional<ExitStatus>& how, const Moment& now);
  void record_exit(const std::optional<ExitStatus>& how, const Moment& now);
  [[nodiscard]] bool was_asked() const { return end_reason_ != ExitReason::itself; }
  void suspect_background(bool has_escaped, MonotonicTime::duration uptime);
  void begin_to_clear(const Moment& now);
  void continue_to_clear(const Moment& now);
  void escalate(const Moment& now);
  void kill(const Moment& now);
  void settle(const Moment& now);
  [[nodiscard]] bool has_tries_left() const;
  void enter_final_phase();
  void give_up();
  [[nodiscard]] bool is_restarted_after_exit() const;
  [[nodiscard]] std::string_view what_runs() const;

  ProcessConfig config_;
  bool inherits_stdin_;
  ChildCommand command_;
  const ProcessServices& services_;
  ProcessStatus status_;
  Phase phase_ = Phase::waiting;
  Goal goal_ = Goal::up;
  std::unique_ptr<ChildProcess> child_;
  MonotonicTime exited_at_{};
  MonotonicTime asked_at_{};  ///< to end (ending), or what was left by an end (clearing)
  MonotonicTime deadline_{};  ///< to start (waiting) or to kill (ending, clearing)
  /// When to check: in `starting`, whether the program is executed; in `ending` and `clearing`,
  /// whether anything is left of the group; of an adopted child, whether it has ended. No event
  /// reports the first two, and not every system reports the third.
  MonotonicTime next_look_{};
  MonotonicTime next_measure_ = MonotonicTime::max();  ///< retry: executed, but not measured yet
  bool may_have_orphans_ = false;  ///< that were not found as members of its tree
  std::optional<MonotonicTime> lacks_descriptors_since_;
  Backoff backoff_;
  std::uint64_t attempts_ = 0;
  RepeatFilter start_problems_;
  RepeatFilter measure_problems_;
  ChildPidFile pid_file_;
  int result_ = 0;
  std::optional<RememberedProcess::Run> run_;  ///< of the child, until its group is gone
  ExitReason stop_reason_ = ExitReason::stop;  ///< why its goal is `down`
  bool is_adopted_ = false;
  bool is_executed_ = false;
  bool is_collected_ = true;
  ExitReason end_reason_ = ExitReason::itself;  ///< `itself` until the child is asked to end
  bool starts_after_end_ = false;               ///< by a command that came while the process ends
  bool is_killed_ = false;
  bool could_not_start_ = false;
  bool is_background_reported_ = false;
  bool is_shutting_down_ = false;
  bool given_up_ = false;
};

}  // namespace provisr::daemon

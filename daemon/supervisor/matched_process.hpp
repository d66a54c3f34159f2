#pragma once

#include "daemon/platform/process_facts.hpp"
#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/watched_run.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <system_error>

namespace provisr::daemon {

/// A name under which a `match` watches a process that others run, or none at the moment. The
/// process is never signalled.
class MatchedProcess final : public ManagedProcess {
 public:
  /// `look_interval`: how often to check whether the process has ended.
  MatchedProcess(std::string name, SampleScope scope, std::chrono::nanoseconds look_interval,
                 const ProcessServices& services);

  void update(const Moment& now) override;
  void note_end(const Moment& now) override;
  void take_over(const RememberedProcess& before, const Moment& now) override;
  void shut_down(const Moment& now) override;
  /// Returns whether the last end of a process is recorded.
  [[nodiscard]] bool ended() const override { return !run_.awaits_record(); }
  [[nodiscard]] MonotonicTime next_deadline() const override;
  [[nodiscard]] std::optional<ProcessId> expected_end() const override {
    return run_.expected_end();
  }
  [[nodiscard]] const ProcessStatus& status() const override { return run_.status(); }
  [[nodiscard]] SampleScope scope() const override { return run_.scope(); }

  /// Watches this process. Fails if the process is gone or cannot be measured.
  [[nodiscard]] std::error_code follow(const ProcessKey& process, const Moment& now);

  /// Stops watching the process, if any, because it no longer fits.
  void release();

  void set_scope(SampleScope scope) { run_.set_scope(scope); }
  void set_look_interval(std::chrono::nanoseconds interval) { look_interval_ = interval; }

  [[nodiscard]] const std::optional<ProcessKey>& process() const { return process_; }

  /// Returns the process whose end was noticed since the last call; empty if none has ended.
  [[nodiscard]] std::optional<ProcessKey> take_ended();

 private:
  void set_next_look(const Moment& now);

  std::chrono::nanoseconds look_interval_;
  const ProcessServices& services_;
  WatchedRun run_;
  std::optional<ProcessKey> process_;
  std::optional<ProcessKey> ended_;
  MonotonicTime next_look_ = MonotonicTime::max();
};

}  // namespace provisr::daemon

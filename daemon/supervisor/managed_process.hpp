#pragma once

#include "daemon/base/log.hpp"
#include "daemon/platform/child_process.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/liveness.hpp"
#include "daemon/supervisor/pid_file.hpp"
#include "daemon/supervisor/process_memory.hpp"
#include "daemon/supervisor/process_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/tracking.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// One moment on both clocks.
struct Moment {
  MonotonicTime monotonic;
  Timestamp utc;
};

/// The services that managed processes depend on; must outlive them.
struct ProcessServices {
  Launcher launch;
  ProcessFinder find;
  /// Starts to measure the process, or its tree, under this name.
  std::function<std::error_code(std::string_view name, ProcessId pid, const TrackOptions& options)>
      track;
  /// Stops measuring under this name.
  std::function<void(std::string_view name)> release;
  /// Returns whether some process has this PID, measurable or not.
  std::function<bool(ProcessId pid)> exists;
  /// False if `track` would measure another process in place of a child.
  bool can_measure_children = true;
  /// Returns the newest samples of this process under this name, as in ExitRecord::last_samples.
  std::function<std::vector<ProcessMetrics>(std::string_view name, ProcessId pid)> last_samples =
      {};
  ExitLog* exits = nullptr;
  ProcessMemory* memory = nullptr;  ///< null: children end with the daemon
  using Adopt = std::function<std::unique_ptr<ChildProcess>(const ProcessIdentity& identity,
                                                            std::string_view launch_id)>;
  /// Takes over a process of an earlier daemon; returns null if the process is gone.
  Adopt adopt = {};
  /// Takes over what such a process has left running; returns null if there is nothing.
  Adopt adopt_leftovers = {};
  std::function<std::optional<ProcessIdentity>(ProcessId pid)> identify = {};
  /// Returns when the process that has this PID now was started, as in ProcessKey.
  std::function<std::optional<std::uint64_t>(ProcessId pid)> start_of = {};
  /// Makes the supervisor add all orphans to the trees that they descend from: a tree that is
  /// watched anew lacks them.
  std::function<void()> search_orphans = [] {};
  /// Returns a uniform random number from 0 to 1.
  std::function<double()> random_fraction = {};
  /// As look_at_pid_file(), write_pid_file() and remove_pid_file(). The first two return nothing if
  /// the file system does not answer; the others are then carried out later.
  std::function<std::optional<PidFileAnswer>(const PidFileQuestion& question)> look_at_pid_file =
      &provisr::daemon::look_at_pid_file;
  std::function<std::optional<std::error_code>(const std::filesystem::path& file, ProcessId pid)>
      write_pid_file = &provisr::daemon::write_pid_file;
  std::function<void(const std::filesystem::path& file, ProcessId pid)> remove_pid_file =
      &provisr::daemon::remove_pid_file;
  const Log* log;
};

/// One name under supervision. Time is passed in. A function waits at most a second for a file
/// system that does not answer, and for a running tick. Not thread-safe.
class ManagedProcess {
 public:
  virtual ~ManagedProcess() = default;

  /// Does what is due. Must be called at next_deadline().
  virtual void update(const Moment& now) = 0;

  /// Must be called when EndedChildren reports the process of expected_end().
  virtual void note_end(const Moment& now) = 0;

  /// Restores what an earlier daemon knew. Must be called before the first update().
  virtual void take_over(const RememberedProcess& before, const Moment& now) = 0;

  /// Asks the process to end if the daemon started it, and prevents further starts; else records
  /// what it knows of an end by now.
  virtual void shut_down(const Moment& now) = 0;

  /// Returns whether nothing that the daemon started still runs or will be restarted.
  [[nodiscard]] virtual bool ended() const = 0;

  /// Returns when update() must be called at the latest if no event arrives.
  [[nodiscard]] virtual MonotonicTime next_deadline() const = 0;

  /// Returns the process whose end is of interest; empty if there is none.
  [[nodiscard]] virtual std::optional<ProcessId> expected_end() const = 0;

  [[nodiscard]] virtual const ProcessStatus& status() const = 0;

  [[nodiscard]] virtual SampleScope scope() const = 0;
};

/// Distinguishes a new problem from one that persists, so that each is logged once.
class RepeatFilter {
 public:
  /// Returns whether `problem` differs from the previous one.
  [[nodiscard]] bool is_new(const std::string& problem) {
    return std::exchange(last_, problem) != problem;
  }
  void clear() { last_.clear(); }

 private:
  std::string last_;
};

}  // namespace provisr::daemon

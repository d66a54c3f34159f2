#pragma once

#include "daemon/base/log.hpp"

#include <provisr/clock.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace provisr::daemon {

/// Runs disk operations on a thread of its own, so that a disk that does not answer blocks nobody
/// for long. Jobs run in the order in which they were posted. A new job replaces a waiting one with
/// its key, so that at most one job per key waits. In addition there is one chore, which nobody
/// waits for.
///
/// Thread-safe.
class StateWriter {
 public:
  /// Runs on the writer's thread, which may outlive the writer: a job must own what it uses.
  using Job = std::function<std::error_code()>;

  /// The work that wake() requests. Each call does a part of it, so that jobs need not wait for
  /// long, and returns whether more is left; then it is called again. Must own what it uses, as a
  /// job does.
  using Chore = std::function<bool()>;

  enum class Outcome {
    done,
    failed,
    pending,  ///< the disk has not answered yet
  };

  struct Patience {
    std::chrono::milliseconds of_write{500};        ///< with a disk that shows no progress
    std::chrono::milliseconds of_long_write{5000};  ///< with one that does
    std::chrono::milliseconds of_end{5000};
  };

  /// `what` names the disk in log messages. `log` must outlive the writer, and `clock` its thread.
  StateWriter(std::string what, const Log& log, Chore chore = {})
      : StateWriter(std::move(what), log, Patience(), std::move(chore)) {}
  StateWriter(std::string what, const Log& log, Patience patience, Chore chore = {},
              const Clock& clock = Clock::system());

  /// Waits, for at most `patience.of_end`, until all jobs and a last run of the chore are done.
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  struct Ticket;

  /// Queues a job without waiting for it. Pass the ticket to wait().
  std::shared_ptr<const Ticket> post(std::string key, Job job);

  /// Waits for a job, or for the job that replaced it, until there was no progress for
  /// `patience.of_write`, but for at most `patience.of_long_write`. Does not wait if the disk is
  /// known not to answer.
  [[nodiscard]] Outcome wait(const std::shared_ptr<const Ticket>& ticket);

  [[nodiscard]] Outcome write(std::string key, Job job) {
    return wait(post(std::move(key), std::move(job)));
  }

  /// For long jobs and chores: says that the disk answers. Does nothing on another thread.
  static void report_progress() noexcept;

  /// Requests the chore. Neither waits nor allocates.
  void wake();

  /// Whether the disk was found not to answer; reset when all jobs are done.
  [[nodiscard]] bool is_stalled() const;

  /// Returns how long the disk has not answered; empty if it answers or has stopped only just now.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> silence() const;

 private:
  class Queue;

  Patience patience_;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace provisr::daemon

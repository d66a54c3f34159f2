#pragma once

#include "daemon/base/log.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace provisr::daemon {

/// Does what a disk is needed for on a thread of its own, so that one that does not answer holds up
/// nobody for long. Jobs run in the order in which they came. One that still waits is replaced by
/// the next of its key, so that no more wait than there are keys.
///
/// Thread-safe.
class StateWriter {
 public:
  /// Runs on the writer's thread, which may outlive the writer: it must own what it uses.
  using Job = std::function<std::error_code()>;

  enum class Outcome {
    done,
    failed,
    pending,  ///< the disk has not answered yet
  };

  struct Patience {
    std::chrono::milliseconds of_write{500};
    std::chrono::milliseconds of_end{5000};
  };

  /// `what` is named in the log, which must outlive the writer.
  StateWriter(std::string what, const Log& log) : StateWriter(std::move(what), log, Patience()) {}
  StateWriter(std::string what, const Log& log, Patience patience);

  /// Waits for what is left to do, with patience.
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  struct Ticket;

  /// Does not wait for the job. The ticket is for wait().
  std::shared_ptr<const Ticket> post(std::string key, Job job);

  /// Waits for a job, or for the one in its place; not if a disk is known not to answer.
  [[nodiscard]] Outcome wait(const std::shared_ptr<const Ticket>& ticket);

  [[nodiscard]] Outcome write(std::string key, Job job) {
    return wait(post(std::move(key), std::move(job)));
  }

  /// Whether somebody has waited in vain since all jobs were done last.
  [[nodiscard]] bool is_stalled() const;

 private:
  class Queue;

  Patience patience_;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace provisr::daemon

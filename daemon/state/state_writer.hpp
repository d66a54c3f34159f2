#pragma once

#include "daemon/base/log.hpp"

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

/// Does what a disk is needed for on a thread of its own, so that one that does not answer holds up
/// nobody for long. Jobs run in the order in which they came. One that still waits is replaced by
/// the next of its key, so that no more wait than there are keys. Beside them there is a chore, for
/// which nobody waits.
///
/// Thread-safe.
class StateWriter {
 public:
  /// Runs on the writer's thread, which may outlive the writer: it must own what it uses.
  using Job = std::function<std::error_code()>;

  /// What wake() asks for. It does a part of its work, so that jobs need not wait for long, and
  /// returns whether more of it is left; then it is called again. Owns what it uses, as a job does.
  using Chore = std::function<bool()>;

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
  StateWriter(std::string what, const Log& log, Chore chore = {})
      : StateWriter(std::move(what), log, Patience(), std::move(chore)) {}
  StateWriter(std::string what, const Log& log, Patience patience, Chore chore = {});

  /// Waits for what is left to do and for the chore once more, with patience.
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

  /// Asks for the chore. Waits for nothing and allocates nothing.
  void wake();

  /// Whether the disk was found not to answer since all jobs were done last.
  [[nodiscard]] bool is_stalled() const;

  /// How long the disk has not answered; empty if it does, or has only just ceased to.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> silence() const;

 private:
  class Queue;

  Patience patience_;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace provisr::daemon

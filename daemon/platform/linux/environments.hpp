#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace provisr::daemon {

/// Reads the environments of processes on a worker thread. A read may block forever, if the process
/// is stuck in the kernel or if its memory is backed by a file system that it serves itself. If a
/// read takes too long, another worker continues with the next process, and the blocking process is
/// skipped until its read returns. If eight workers are stuck, nothing is read until one returns.
///
/// Not thread-safe; belongs to one thread.
class Environments {
 public:
  using Read = std::function<std::string(pid_t pid)>;

  /// `patience` is the timeout for one process. `read` is called on the worker threads.
  Environments(Read read, std::chrono::milliseconds patience);
  ~Environments();
  Environments(const Environments&) = delete;
  Environments& operator=(const Environments&) = delete;

  /// Returns an environment for each process, in the order of `pids`: entries that end with a null
  /// character. An environment is empty if the process has ended, may not be read, or blocks.
  [[nodiscard]] std::vector<std::string> of(const std::vector<pid_t>& pids);
  [[nodiscard]] std::string of(pid_t pid) { return of(std::vector{pid}).front(); }

  /// Returns the object for this machine, which lives as long as the program. It belongs to the
  /// thread that starts the children.
  [[nodiscard]] static Environments& system();

 private:
  struct Desk;

  static constexpr std::size_t max_stuck = 8;

  static void work(const std::shared_ptr<Desk>& desk, const Read& read, std::size_t shift);
  [[nodiscard]] bool has_worker();
  void wait_for_next(std::unique_lock<std::mutex>& lock);

  Read read_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<Desk> desk_;
  bool is_staffed_ = false;  ///< a worker is running that is not stuck
};

}  // namespace provisr::daemon

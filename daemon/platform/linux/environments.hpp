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

/// Reads the environments of processes on a thread of its own: to read one may take for ever, if
/// the process is stuck in the kernel, or in memory that a file system of its own is to fill. A
/// process that hangs its reader is left out until it was read; another thread reads on. After
/// eight of them nothing is read until one is over.
///
/// Belongs to one thread.
class Environments {
 public:
  using Read = std::function<std::string(pid_t pid)>;

  /// `patience` is how long one process may take. `read` is called on other threads.
  Environments(Read read, std::chrono::milliseconds patience);
  ~Environments();
  Environments(const Environments&) = delete;
  Environments& operator=(const Environments&) = delete;

  /// One for each process, in this order: entries that end with a null character. Empty if it has
  /// ended, may not be read, or hangs.
  [[nodiscard]] std::vector<std::string> of(const std::vector<pid_t>& pids);
  [[nodiscard]] std::string of(pid_t pid) { return of(std::vector{pid}).front(); }

  /// Those of this machine. For the thread that starts the children; lives as long as the program.
  [[nodiscard]] static Environments& system();

 private:
  struct Desk;

  static constexpr std::size_t most_stuck = 8;

  static void work(const std::shared_ptr<Desk>& desk, const Read& read, std::size_t shift);
  [[nodiscard]] bool has_worker();
  void wait_for_next(std::unique_lock<std::mutex>& lock);

  Read read_;
  std::chrono::milliseconds patience_;
  std::shared_ptr<Desk> desk_;
  bool is_staffed_ = false;  ///< a thread is at work, or waits for it
};

}  // namespace provisr::daemon

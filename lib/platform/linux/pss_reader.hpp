#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/process_metrics.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace provisr::linux_platform {

/// Reads the proportional memory of processes on a thread of its own, one after the other: the
/// kernel walks all pages of a process for it (proc_pid_smaps_rollup), which takes milliseconds,
/// and seconds of a large one.
///
/// Thread safety: request() from one thread at a time. Must not be destroyed beside it.
class PssReader {
 public:
  struct Result {
    Figure<std::uint64_t> bytes;
    std::error_code refusal;  ///< if the system does not tell this user
  };

  /// The reading of one process. take() and is_free() are of the thread that requests.
  class Job {
   public:
    /// Whether it can be requested: it was never, or its result was taken.
    [[nodiscard]] bool is_free() const noexcept { return state_.load() == State::free; }

    /// The result once it is there, once.
    [[nodiscard]] std::optional<Result> take() noexcept;

   private:
    friend class PssReader;
    enum class State : std::uint8_t { free, requested, done };

    std::atomic<State> state_ = State::free;
    posix_platform::FileDescriptor task_;
    Result result_;
    std::shared_ptr<Job> self_;  ///< while it waits
    Job* next_ = nullptr;
  };

  PssReader() = default;
  PssReader(const PssReader&) = delete;
  PssReader& operator=(const PssReader&) = delete;

  /// Waits for the process that is being read.
  ~PssReader();

  /// Reads the process whose `task` directory this is. False without descriptors or threads left.
  /// Allocates nothing once the thread runs. Requires job->is_free().
  [[nodiscard]] bool request(const std::shared_ptr<Job>& job, int task) noexcept;

 private:
  [[nodiscard]] bool start() noexcept;
  void run() noexcept;
  [[nodiscard]] std::shared_ptr<Job> next();
  [[nodiscard]] std::shared_ptr<Job> pop() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  Job* first_ = nullptr;  ///< of those that wait
  Job* last_ = nullptr;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Reads it now. errno is set if the result is empty.
[[nodiscard]] Figure<std::uint64_t> read_pss(int task) noexcept;

}  // namespace provisr::linux_platform

#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/process_metrics.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

namespace provisr::linux_platform {

/// Reads the proportional memory (PSS) of processes one by one on a worker thread. The kernel walks
/// all pages of a process for it (proc_pid_smaps_rollup), which takes milliseconds, or seconds for
/// a large process.
///
/// Thread safety: request() from one thread at a time, and not during destruction.
class PssReader {
 public:
  struct Result {
    Figure<std::uint64_t> bytes;
    std::error_code refusal;  ///< set if the system denies access to this user
  };

  /// A reading of one process. Only the thread that calls request() may call take() and is_free().
  class Job {
   public:
    /// Returns whether the job can be requested: it never was, or its result was taken.
    [[nodiscard]] bool is_free() const noexcept { return state_.load() == State::free; }

    /// Returns a finished result, once; otherwise empty.
    [[nodiscard]] std::optional<Result> take() noexcept;

   private:
    friend class PssReader;
    enum class State : std::uint8_t { free, requested, done };

    std::atomic<State> state_ = State::free;
    posix_platform::FileDescriptor task_;
    Result result_;
    std::shared_ptr<Job> self_;  ///< keeps the job alive while it is queued
    Job* next_ = nullptr;
  };

  PssReader() noexcept;
  PssReader(const PssReader&) = delete;
  PssReader& operator=(const PssReader&) = delete;

  /// Waits until a reading in progress is finished. In a forked child, where the thread does not
  /// exist, waits for nothing.
  ~PssReader();

  /// Queues a reading of the process whose `task` directory this is. Returns false if descriptors
  /// or threads are exhausted. Allocates nothing once the thread runs. Requires job->is_free().
  [[nodiscard]] bool request(const std::shared_ptr<Job>& job, int task) noexcept;

 private:
  /// The thread with its queue.
  class Worker;

  [[nodiscard]] bool start() noexcept;

  std::unique_ptr<Worker> worker_;
};

/// Reads the proportional memory in the calling thread. If the result is empty, errno is set.
[[nodiscard]] Figure<std::uint64_t> read_pss(int task) noexcept;

}  // namespace provisr::linux_platform

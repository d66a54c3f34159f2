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

  PssReader() = default;
  PssReader(const PssReader&) = delete;
  PssReader& operator=(const PssReader&) = delete;

  /// Waits until a reading in progress is finished.
  ~PssReader();

  /// Queues a reading of the process whose `task` directory this is. Returns false if descriptors
  /// or threads are exhausted. Allocates nothing once the thread runs. Requires job->is_free().
  [[nodiscard]] bool request(const std::shared_ptr<Job>& job, int task) noexcept;

 private:
  [[nodiscard]] bool start() noexcept;
  void run() noexcept;
  [[nodiscard]] std::shared_ptr<Job> next();
  [[nodiscard]] std::shared_ptr<Job> pop() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  Job* first_ = nullptr;  ///< head of the queue
  Job* last_ = nullptr;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Reads the proportional memory in the calling thread. If the result is empty, errno is set.
[[nodiscard]] Figure<std::uint64_t> read_pss(int task) noexcept;

}  // namespace provisr::linux_platform

#pragma once

#include <provisr/process_metrics.hpp>

#include <future>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace provisr::test {

/// A thread of this program that waits until it is destroyed. Linux only.
class RunningThread {
 public:
  RunningThread() = default;
  RunningThread(const RunningThread&) = delete;
  RunningThread& operator=(const RunningThread&) = delete;
  ~RunningThread() {
    end_.set_value();
    thread_.join();
  }

  /// Returns the id by which the kernel knows it; no process has it.
  [[nodiscard]] ProcessId id() const noexcept { return id_; }

 private:
  [[nodiscard]] static ProcessId own_id() noexcept {
    return static_cast<ProcessId>(::syscall(SYS_gettid));
  }

  std::promise<ProcessId> started_;
  std::promise<void> end_;
  std::thread thread_{[this] {
    started_.set_value(own_id());
    end_.get_future().wait();
  }};
  ProcessId id_ = started_.get_future().get();
};

}  // namespace provisr::test

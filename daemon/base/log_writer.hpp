#pragma once

#include "daemon/base/log.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace provisr::daemon {

/// A sink that writes records on a thread of its own, so that callers never wait for a slow reader.
/// Records wait in a queue of bounded size. A record that does not fit, cannot be made or cannot be
/// written is dropped and counted. Once writing works again, one record reports how many were lost.
class LogWriter final : public LogSink {
 public:
  /// Writes one record; may block. Returns false if the record was not written.
  using Write = std::function<bool(std::string_view record)>;

  static constexpr std::size_t default_capacity = 1024 * 1024;

  /// `capacity` bounds the queue, in bytes. The thread inherits the signal mask.
  explicit LogWriter(Write write, std::size_t capacity = default_capacity,
                     LogFormat format = LogFormat::dated);

  /// Waits a moment for the queue to drain. If `write` still blocks then, the thread is detached:
  /// `write` must not refer to anything that does not live until the process ends.
  ~LogWriter() override;

  void write(std::string record) noexcept override;
  void count_lost() noexcept override;
  [[nodiscard]] std::uint64_t dropped() const noexcept override;

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace provisr::daemon

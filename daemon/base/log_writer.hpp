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

/// Writes records in a thread of its own, so that whoever logs never waits for the reader.
/// Records wait in a queue of bounded size. Those that do not fit, or that cannot be written, are
/// dropped and counted; once records can be written again, one of them tells how many were lost.
class LogWriter final : public LogSink {
 public:
  /// Writes one record; may block. Returns false if it was not written.
  using Write = std::function<bool(std::string_view record)>;

  static constexpr std::size_t default_capacity = 1024 * 1024;

  /// `capacity` bounds the records that wait, in bytes. The thread inherits the signal mask.
  explicit LogWriter(Write write, std::size_t capacity = default_capacity);

  /// Waits for the queue to drain, but not for long. If `write` blocks beyond that, its thread is
  /// left behind: `write` must not refer to anything that ends before the process does.
  ~LogWriter() override;

  void write(std::string record) noexcept override;
  [[nodiscard]] std::uint64_t dropped() const noexcept override;

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace provisr::daemon

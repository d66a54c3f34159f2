#pragma once

#include "daemon/base/listen_address.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

namespace provisr::daemon {

/// Why a server refused or closed a connection that its client would have kept.
enum class DropReason {
  request_timeout,  ///< a request did not arrive whole in time
  answer_timeout,   ///< the client did not take an answer, or a piece of it, in time
  idle_timeout,     ///< no request came in time
  max_connections,  ///< closed to make room for a new connection
  no_descriptors,   ///< the same, because the process had no descriptor left
  accept_error,     ///< accept(2) failed; each attempt counts
  internal_error,   ///< for example, a lack of memory
};
inline constexpr std::size_t drop_reason_count = 7;

/// Returns a text such as "request_timeout".
[[nodiscard]] std::string_view to_text(DropReason reason);

/// The observable state of a server: its address, its connections, and counts of its answers and of
/// the connections that it dropped.
///
/// Thread safety: all members may be called concurrently.
class HttpMonitor {
 public:
  /// Empty means that the server does not listen.
  void set_address(std::optional<ListenAddress> address);
  /// Empty if the server does not listen.
  [[nodiscard]] std::optional<ListenAddress> address() const;

  void count_answer(int status) noexcept;
  /// Returns the number of answers by status. Leaves out a status that has not occurred.
  [[nodiscard]] std::map<int, std::uint64_t> answers() const;

  void count_drop(DropReason reason) noexcept;
  [[nodiscard]] std::uint64_t dropped(DropReason reason) const noexcept;

  void count_opened() noexcept;
  void count_closed(std::size_t count = 1) noexcept;
  /// Returns how many connections are open now.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  static constexpr int first_status = 100;
  static constexpr std::size_t status_count = 500;  ///< 100 to 599

  mutable std::mutex mutex_;
  std::optional<ListenAddress> address_;  ///< guarded by mutex_
  std::array<std::atomic<std::uint64_t>, status_count> answers_{};
  std::array<std::atomic<std::uint64_t>, drop_reason_count> dropped_{};
  std::atomic<std::size_t> connections_ = 0;
};

}  // namespace provisr::daemon

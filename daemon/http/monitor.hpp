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

/// Why a server refused or ended a connection that its client would have kept.
enum class DropReason {
  request_timeout,  ///< a request did not arrive whole in time
  answer_timeout,   ///< an answer, or a piece of it, was not taken in time
  idle_timeout,     ///< no request came in time
  max_connections,  ///< it made room for a new one
  no_descriptors,   ///< as above, because the process has no descriptor left
  accept_error,     ///< it could not be accepted; counted at each attempt
  internal_error,   ///< such as a lack of memory
};
inline constexpr std::size_t drop_reason_count = 7;

/// "request_timeout".
[[nodiscard]] std::string_view to_text(DropReason reason);

/// What others may know of a server: where it listens, what it has answered, whom it has dropped.
///
/// Thread safety: all members may be called concurrently.
class HttpMonitor {
 public:
  /// Empty: it does not listen.
  void set_address(std::optional<ListenAddress> address);
  /// Empty: the server does not listen.
  [[nodiscard]] std::optional<ListenAddress> address() const;

  void count_answer(int status) noexcept;
  /// Number of answers by status; a status that has not occurred is left out.
  [[nodiscard]] std::map<int, std::uint64_t> answers() const;

  void count_drop(DropReason reason) noexcept;
  [[nodiscard]] std::uint64_t dropped(DropReason reason) const noexcept;

  void count_opened() noexcept;
  void count_closed(std::size_t count = 1) noexcept;
  /// How many connections are open now.
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

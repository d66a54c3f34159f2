#pragma once

#include <chrono>
#include <cstddef>

namespace provisr::daemon {

/// Bounds of requests and of the time that clients may take.
struct HttpLimits {
  std::size_t request_line = std::size_t{8} * 1024;  ///< bytes; longer: 414
  std::size_t headers = std::size_t{32} * 1024;      ///< bytes of all fields; more: 431
  std::size_t header_fields = 100;                   ///< more: 431
  std::size_t connections = 1024;                    ///< of a server; more: one is evicted

  std::size_t deferred = 256;  ///< pending deferred answers; more: 503

  std::chrono::milliseconds request_time{10'000};  ///< for a whole request to arrive; then 408
  std::chrono::milliseconds answer_time{30'000};   ///< for an answer, or a piece of it, to be taken
  std::chrono::milliseconds idle_time{15'000};     ///< between requests
  std::chrono::milliseconds source_idle{15'000};   ///< between two idle pieces of a source
  std::chrono::milliseconds closing_time{2'000};   ///< for a client to close after the last answer
  std::chrono::milliseconds drain_time{150};       ///< for answers being sent when the server stops
  std::chrono::milliseconds accept_pause{50};      ///< after accept(2) has failed
};

}  // namespace provisr::daemon

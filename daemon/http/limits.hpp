#pragma once

#include <chrono>
#include <cstddef>

namespace provisr::daemon {

/// What a client may send and how long it may take.
struct HttpLimits {
  std::size_t request_line = std::size_t{8} * 1024;  ///< bytes; longer: 414
  std::size_t headers = std::size_t{32} * 1024;      ///< bytes of all fields; more: 431
  std::size_t header_fields = 100;                   ///< more: 431
  std::size_t connections = 1024;                    ///< a server; more: the longest wait ends

  std::size_t deferred = 256;  ///< answers that others complete, at once; more: 503

  std::chrono::milliseconds request_time{10'000};  ///< for a request to arrive whole; then 408
  std::chrono::milliseconds answer_time{30'000};   ///< for an answer, or a piece of it, to be taken
  std::chrono::milliseconds idle_time{15'000};     ///< between requests
  std::chrono::milliseconds source_idle{15'000};   ///< between two signs of life of a source
  std::chrono::milliseconds closing_time{2'000};   ///< for a client to notice the end
  std::chrono::milliseconds drain_time{150};       ///< for answers under way when the server stops
  std::chrono::milliseconds accept_pause{50};      ///< after accept(2) has failed
};

}  // namespace provisr::daemon

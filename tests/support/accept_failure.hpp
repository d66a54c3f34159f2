#pragma once

#include <cstdint>

namespace provisr::test {

/// How the calls of accept4 fail in a program that tests/programs/accept_shim.cpp is preloaded
/// into.
struct AcceptFailure {
  std::int32_t error = 0;         ///< errno; 0: they do not fail
  std::int32_t port = 0;          ///< of the sockets that are meant
  std::int32_t family = 0;        ///< AF_INET or AF_INET6; 0: both
  std::int32_t loses_client = 0;  ///< each failure costs a client that waits
  std::int32_t failed = 0;        ///< calls that have failed so
};

}  // namespace provisr::test

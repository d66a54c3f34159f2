#pragma once

#include <cstdint>

namespace provisr::test {

/// How accept4 fails in a program that has tests/programs/accept_shim.cpp preloaded. Shared with
/// the test by a mapped file.
struct AcceptFailure {
  std::int32_t error = 0;         ///< errno of the failure; 0: calls succeed
  std::int32_t port = 0;          ///< port of the listening sockets to fail
  std::int32_t family = 0;        ///< their family, AF_INET or AF_INET6; 0: both
  std::int32_t loses_client = 0;  ///< not 0: each failure also drops a waiting client
  std::int32_t failed = 0;        ///< number of calls that have failed
};

}  // namespace provisr::test

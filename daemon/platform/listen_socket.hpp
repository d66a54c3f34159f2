#pragma once

#include <cstdint>
#include <system_error>

/// What systems differ in about a socket that listens. Implemented in daemon/platform.
namespace provisr::daemon {

/// Before it is bound: a daemon that is started again gets its address back at once, and no two
/// programs share one in silence. `socket` is what the system calls a socket, a descriptor or a
/// SOCKET of Windows.
void claim_address_alone(std::uintptr_t socket) noexcept;

/// Why the last call on sockets failed in this thread; empty for none since clear_socket_error().
[[nodiscard]] std::error_code last_socket_error() noexcept;
void clear_socket_error() noexcept;

/// Whether an error says that somebody else has the address.
[[nodiscard]] bool says_address_in_use(const std::error_code& error) noexcept;

}  // namespace provisr::daemon

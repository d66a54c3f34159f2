#include "daemon/platform/service_manager.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

constexpr const char* address_variable = "NOTIFY_SOCKET";

/// A path, or a name in Linux's abstract namespace, marked by a leading "@".
[[nodiscard]] bool is_unix_address(std::string_view text) {
  return text.size() > 1 && (text.front() == '/' || text.front() == '@');
}

}  // namespace

ServiceManager::ServiceManager() {
  if (const char* const address = std::getenv(address_variable)) address_ = address;
  ::unsetenv(address_variable);
  if (!is_unix_address(address_) || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    address_.clear();
  }
}

void ServiceManager::notify_ready() const noexcept {
  tell("READY=1");
}

void ServiceManager::notify_reloading() const noexcept {
  tell("RELOADING=1\nMONOTONIC_USEC=", std::chrono::steady_clock::now().time_since_epoch());
}

void ServiceManager::notify_stopping(std::chrono::milliseconds longest) const noexcept {
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=", longest);
}

void ServiceManager::tell(std::string_view state, std::chrono::nanoseconds time) const noexcept {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  std::array<char, 64> text{};
  char* const digits = std::copy(state.begin(), state.end(), text.data());
  const auto end = std::to_chars(digits, text.data() + text.size(), count);
  tell({text.data(), end.ptr});
}

void ServiceManager::tell(std::string_view state) const noexcept {
  if (address_.empty()) return;
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  if (!socket) return;
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), address.sun_path);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  static_cast<void>(::sendto(socket.get(), state.data(), state.size(), MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&address), size));
}

}  // namespace provisr::daemon

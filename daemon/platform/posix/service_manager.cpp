#include "daemon/platform/service_manager.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

constexpr const char* address_variable = "NOTIFY_SOCKET";

/// A path, or a name in Linux's abstract namespace, marked by a leading "@".
[[nodiscard]] bool is_unix_address(std::string_view text) {
  return text.size() > 1 && (text.front() == '/' || text.front() == '@');
}

/// Returns the positive number in an environment variable, which is removed.
[[nodiscard]] std::optional<std::int64_t> take_number_of(const char* variable) {
  const char* const value = std::getenv(variable);
  const std::string text = value != nullptr ? value : "";
  ::unsetenv(variable);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && number > 0;
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

ServiceManager::ServiceManager() {
  if (const char* const address = std::getenv(address_variable)) address_ = address;
  ::unsetenv(address_variable);
  if (!is_unix_address(address_) || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    address_.clear();
  }
  const bool is_for_other = std::getenv("WATCHDOG_PID") != nullptr &&
                            take_number_of("WATCHDOG_PID") != std::int64_t{::getpid()};
  const auto timeout = take_number_of("WATCHDOG_USEC");
  if (!timeout || is_for_other || address_.empty()) return;
  watchdog_interval_ = std::chrono::microseconds(std::max<std::int64_t>(*timeout / 2, 1));
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

void ServiceManager::notify_alive() const noexcept {
  tell("WATCHDOG=1");
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

// A library to preload that makes accept4 fail. The environment variable PROVISR_TEST_ACCEPT names
// a file that begins with an AcceptFailure (tests/support).
#include "support/accept_failure.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

using provisr::test::AcceptFailure;

namespace {

[[nodiscard]] AcceptFailure* map_failure() {
  static AcceptFailure none{};
  const char* const name = std::getenv("PROVISR_TEST_ACCEPT");
  const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) return &none;
  void* const memory = mmap(nullptr, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? &none : static_cast<AcceptFailure*>(memory);
}

[[nodiscard]] bool is_meant(const AcceptFailure& failure, int listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) return false;
  const int port = ntohs(address.ss_family == AF_INET6
                             ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return failure.port == port && (failure.family == 0 || failure.family == address.ss_family);
}

[[nodiscard]] int accept_really(int listener, sockaddr* address, socklen_t* length, int flags) {
  return static_cast<int>(syscall(SYS_accept4, listener, address, length, flags));
}

}  // namespace

extern "C" int accept4(int listener, sockaddr* address, socklen_t* length, int flags) {
  static AcceptFailure* const failure = map_failure();
  const int error = __atomic_load_n(&failure->error, __ATOMIC_ACQUIRE);
  if (error == 0 || !is_meant(*failure, listener)) {
    return accept_really(listener, address, length, flags);
  }
  if (failure->loses_client != 0) {
    const int client = accept_really(listener, address, length, flags);
    if (client < 0) return client;
    close(client);
  }
  __atomic_fetch_add(&failure->failed, 1, __ATOMIC_RELEASE);
  errno = error;
  return -1;
}

#include "daemon/platform/posix/pipe.hpp"

#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

/// Returns the descriptor as close-on-exec, moved if it is a standard one.
FileDescriptor beyond_standard(FileDescriptor fd) {
  if (fd.get() <= STDERR_FILENO) {
    return FileDescriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  }
  return fcntl(fd.get(), F_SETFD, FD_CLOEXEC) == 0 ? std::move(fd) : FileDescriptor();
}

Pipe own(const std::array<int, 2>& ends) {
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  Pipe made{beyond_standard(std::move(read_end)), beyond_standard(std::move(write_end))};
  if (!made.read_end || !made.write_end) return {};
  return made;
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> ends{};
  return pipe(ends.data()) == 0 ? own(ends) : Pipe();
}

Pipe make_two_way_pipe() {
  std::array<int, 2> ends{};
  return socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0 ? own(ends) : Pipe();
}

}  // namespace provisr::daemon

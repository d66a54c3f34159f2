#include "daemon/platform/posix/pipe.hpp"

#include <array>
#include <fcntl.h>
#include <sys/socket.h>

namespace provisr::daemon {
namespace {

FileDescriptor duplicate_above_standard(const FileDescriptor& fd) {
  return FileDescriptor(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

Pipe own(const std::array<int, 2>& ends) {
  const FileDescriptor read_end(ends[0]);
  const FileDescriptor write_end(ends[1]);
  Pipe made{duplicate_above_standard(read_end), duplicate_above_standard(write_end)};
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

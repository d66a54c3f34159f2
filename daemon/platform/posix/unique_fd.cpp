#include "daemon/platform/posix/unique_fd.hpp"

#include <array>
#include <fcntl.h>

namespace provisr::daemon {
namespace {

UniqueFd duplicate_above_standard(const UniqueFd& fd) {
  return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return {};
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  Pipe made{duplicate_above_standard(read_end), duplicate_above_standard(write_end)};
  if (!made.read_end || !made.write_end) return {};
  return made;
}

}  // namespace provisr::daemon

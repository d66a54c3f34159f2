#include "daemon/platform/posix/pipe.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace provisr::daemon;

namespace {

/// Closes standard input and error until it ends, so that the next descriptors are 0 and 2.
class ClosedStandardStreams {
 public:
  ClosedStandardStreams() {
    ::close(STDIN_FILENO);
    ::close(STDERR_FILENO);
  }
  ~ClosedStandardStreams() {
    ::dup2(input_.get(), STDIN_FILENO);
    ::dup2(error_.get(), STDERR_FILENO);
  }
  ClosedStandardStreams(const ClosedStandardStreams&) = delete;
  ClosedStandardStreams& operator=(const ClosedStandardStreams&) = delete;

 private:
  FileDescriptor input_{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  FileDescriptor error_{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
};

void check_ends(const provisr::daemon::Pipe& pipe) {
  for (const FileDescriptor* end : {&pipe.read_end, &pipe.write_end}) {
    CHECK(end->get() > STDERR_FILENO);
    CHECK(::fcntl(end->get(), F_GETFD) == FD_CLOEXEC);
  }
}

/// Returns what comes out at the other end.
char passed_through(const provisr::daemon::Pipe& pipe, char sent) {
  char received = 0;
  CHECK(::write(pipe.write_end.get(), &sent, 1) == 1);
  CHECK(::read(pipe.read_end.get(), &received, 1) == 1);
  return received;
}

}  // namespace

TEST_CASE("a pipe takes no place of a closed standard stream and ends at exec", "[pipe]") {
  for (const auto make : {make_pipe, make_two_way_pipe}) {
    const auto usual = make();
    provisr::daemon::Pipe low;
    {
      const ClosedStandardStreams closed;
      low = make();
      CHECK(::fcntl(STDIN_FILENO, F_GETFD) == -1);
      CHECK(::fcntl(STDERR_FILENO, F_GETFD) == -1);
    }
    check_ends(usual);
    check_ends(low);
    CHECK(passed_through(usual, 'a') == 'a');
    CHECK(passed_through(low, 'b') == 'b');
  }
}

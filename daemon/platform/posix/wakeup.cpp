#include "daemon/platform/wakeup.hpp"

#include "daemon/platform/posix/wakeup_state.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool make_non_blocking(const FileDescriptor& fd) {
  return ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Wakeup::Wakeup() : state_(std::make_unique<State>(State{make_pipe()})) {
  const Pipe& pipe = state_->pipe;
  const bool is_made = pipe.read_end && pipe.write_end && make_non_blocking(pipe.read_end) &&
                       make_non_blocking(pipe.write_end);
  if (!is_made) throw std::system_error(errno, std::generic_category(), "cannot make a pipe");
}

Wakeup::~Wakeup() = default;

void Wakeup::wake() noexcept {
  const char byte = 0;
  // If the pipe is full, the reader wakes anyway.
  static_cast<void>(!::write(state_->pipe.write_end.get(), &byte, 1));
}

bool Wakeup::take() noexcept {
  std::array<char, 64> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  ssize_t taken = 0;
  bool is_woken = false;
  do {
    taken = ::read(state_->pipe.read_end.get(), bytes.data(), bytes.size());
    is_woken |= taken > 0;
  } while (taken == static_cast<ssize_t>(bytes.size()));
  return is_woken;
}

}  // namespace provisr::daemon

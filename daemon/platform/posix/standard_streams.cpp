#include "daemon/platform/standard_streams.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Returns whether `fd` was open. open() returns the lowest free number, which is `fd` if all lower
/// ones are open.
bool open_if_closed(int fd) noexcept {
  if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) return true;
  static_cast<void>(open("/dev/null", O_RDWR));
  return false;
}

/// Returns whether to write again. Waits if the descriptor is non-blocking, which another process
/// that shares it may have set.
bool can_go_on() noexcept {
  if (errno == EINTR) return true;
  if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
  pollfd error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  static_cast<void>(poll(&error, 1, -1));
  return true;
}

/// Takes a number from the beginning of `text`.
bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  text = {rest, static_cast<std::size_t>(end - rest)};
  return error == std::errc();
}

}  // namespace

StandardStreams prepare_standard_streams() noexcept {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a write beyond the file size limit then fails, as on a full disk
  static_cast<void>(open_if_closed(STDIN_FILENO));
  const bool has_output = open_if_closed(STDOUT_FILENO);
  return {.has_output = has_output, .has_error = open_if_closed(STDERR_FILENO)};
}

bool writes_errors_to_journal() noexcept {
  const char* const stream = std::getenv("JOURNAL_STREAM");  // "DEVICE:INODE", see systemd.exec(5)
  struct stat status {};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) return false;
  std::string_view text = stream;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  if (!take_number(text, device) || !text.starts_with(':')) return false;
  text.remove_prefix(1);
  // The types of the two differ from system to system.
  return take_number(text, inode) && text.empty() &&
         device == static_cast<std::uint64_t>(status.st_dev) &&
         inode == static_cast<std::uint64_t>(status.st_ino);
}

bool write_standard_error(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (!can_go_on()) {
      return false;
    }
  }
  return true;
}

}  // namespace provisr::daemon

#include "daemon/platform/unix_listener.hpp"

#include "daemon/platform/posix/last_error.hpp"
#include "daemon/platform/user_group.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr mode_t socket_mode = 0660;

[[nodiscard]] sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw_error(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

[[nodiscard]] Socket make_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) throw_error(errno);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return Socket(fd);
}

/// Calls bind(2) or connect(2). Returns the error, or 0.
template <class Call>
[[nodiscard]] int call_with_address(Call call, const Socket& socket, const std::string& path) {
  const sockaddr_un address = address_of(path);
  const int fd = static_cast<int>(socket.handle());
  return call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

/// The lock is held until the descriptor is closed, also by a kill. The file is never removed:
/// otherwise two programs could lock different files of the same name.
[[nodiscard]] Socket lock(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) throw_error(errno);
  Socket lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    throw_error(errno == EWOULDBLOCK ? EADDRINUSE : errno);
  }
  return lock;
}

/// Returns whether the path leads to the file that is open.
[[nodiscard]] bool leads_to(const std::string& path, const Socket& open) {
  struct stat found {};
  struct stat opened {};
  return ::lstat(path.c_str(), &found) == 0 &&
         ::fstat(static_cast<int>(open.handle()), &opened) == 0 && found.st_dev == opened.st_dev &&
         found.st_ino == opened.st_ino;
}

/// Whether the path is free or holds a stream socket that nobody listens on. A full backlog gives
/// EAGAIN and a socket of another type EPROTOTYPE: both are in use.
[[nodiscard]] bool may_be_replaced(const std::string& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) return errno == ENOENT;
  if (!S_ISSOCK(file.st_mode)) return false;
  return call_with_address(::connect, make_socket(), path) == ECONNREFUSED;
}

/// Returns a short name in the same folder, because sun_path is short.
[[nodiscard]] std::string temporary_name(const std::string& path) {
  return fmt::format("{}.p{}", path.substr(0, path.rfind('/') + 1), ::getpid());
}

[[nodiscard]] bool change_group(const std::string& file, gid_t group) {
  return ::lchown(file.c_str(), static_cast<uid_t>(-1), group) == 0;
}

/// Throws std::runtime_error if the group does not exist or the file cannot be given to it.
void give_to_group(const std::string& file, const std::string& group) {
  const auto number = group_id(group);
  if (!number) throw std::runtime_error(fmt::format("there is no group \"{}\"", group));
  if (change_group(file, *number)) return;
  throw std::runtime_error(fmt::format("the socket cannot be given to the group \"{}\": {}", group,
                                       std::generic_category().message(errno)));
}

/// A file under a temporary name; removed unless rename_to() is called.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string name) : name_(std::move(name)) { ::unlink(name_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  void rename_to(const std::string& name) {
    if (std::rename(name_.c_str(), name.c_str()) != 0) throw_error(errno);
    name_.clear();
  }

 private:
  std::string name_;
};

}  // namespace

UnixListener::UnixListener(std::string path, const std::string& group,
                           const UnixListener* predecessor)
    : path_(std::move(path)), group_(group) {
  if (address_of(path_).sun_path[0] == '\0') throw_error(EINVAL);
  const std::string lock_file = path_ + ".lock";
  const bool has_lock = predecessor != nullptr && leads_to(lock_file, *predecessor->lock_);
  lock_ = has_lock ? predecessor->lock_ : std::make_shared<const Socket>(lock(lock_file));
  if (!may_be_replaced(path_)) throw_error(EADDRINUSE);
  Socket socket = make_socket();
  TemporaryFile temporary(temporary_name(path_));
  const char* const name = temporary.name().c_str();
  if (const int error = call_with_address(::bind, socket, name)) throw_error(error);
  struct stat file {};
  if (::lstat(name, &file) != 0) throw_error(errno);
  if (!group.empty()) give_to_group(name, group);
  const bool is_ready = ::chmod(name, socket_mode) == 0 &&
                        ::listen(static_cast<int>(socket.handle()), SOMAXCONN) == 0;
  if (!is_ready) throw_error(errno);
  temporary.rename_to(path_);
  device_ = static_cast<std::uint64_t>(file.st_dev);
  inode_ = static_cast<std::uint64_t>(file.st_ino);
  first_group_ = file.st_gid;
  socket_ = std::move(socket);
}

UnixListener::~UnixListener() {
  if (is_reachable()) ::unlink(path_.c_str());
}

bool UnixListener::is_reachable() const {
  struct stat file {};
  return ::lstat(path_.c_str(), &file) == 0 && static_cast<std::uint64_t>(file.st_dev) == device_ &&
         static_cast<std::uint64_t>(file.st_ino) == inode_;
}

void UnixListener::give_to(const std::string& group) {
  if (group == group_) return;
  if (!is_reachable()) throw std::runtime_error("the file of the socket is gone");
  if (!group.empty()) {
    give_to_group(path_, group);
  } else if (!change_group(path_, static_cast<gid_t>(first_group_))) {
    throw std::runtime_error(fmt::format("the socket cannot be given back to its first group: {}",
                                         std::generic_category().message(errno)));
  }
  group_ = group;
}

}  // namespace provisr::daemon

#include "daemon/platform/state_file.hpp"

#include "daemon/platform/posix/last_error.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

/// Calls `transfer(done)` until it has moved `size` bytes.
template <class Transfer>
[[nodiscard]] std::error_code move_all(std::size_t size, Transfer&& transfer) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = transfer(done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    if (count == 0) return std::make_error_code(std::errc::io_error);
    done += static_cast<std::size_t>(count);
  }
  return {};
}

class PosixStateFile final : public StateFile {
 public:
  explicit PosixStateFile(FileDescriptor file) : file_(std::move(file)) {}

  [[nodiscard]] std::uint64_t size() const override {
    struct stat status {};
    return ::fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
  }

  /// Writes zeros because a hole does not allocate disk space.
  [[nodiscard]] std::error_code reserve(std::uint64_t size) override {
    constexpr std::array<std::byte, 4096> zeros{};
    for (std::uint64_t end = this->size(); end < size;) {
      const std::size_t part =
          static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), size - end));
      if (const std::error_code error = write(end, std::span(zeros).first(part))) return error;
      end += part;
    }
    return {};
  }

  [[nodiscard]] std::error_code read(std::uint64_t offset,
                                     std::span<std::byte> bytes) const override {
    return move_all(bytes.size(), [&](std::size_t done) {
      return ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                     static_cast<off_t>(offset + done));
    });
  }

  [[nodiscard]] std::error_code write(std::uint64_t offset,
                                      std::span<const std::byte> bytes) override {
    const std::error_code error = move_all(bytes.size(), [&](std::size_t done) {
      return ::pwrite(file_.get(), bytes.data() + done, bytes.size() - done,
                      static_cast<off_t>(offset + done));
    });
    if (error || !is_removed()) return error;
    return std::make_error_code(std::errc::no_such_file_or_directory);
  }

  [[nodiscard]] std::error_code lock(const std::filesystem::path& folder) override {
    FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened && !lock(opened) && errno == EWOULDBLOCK) return last_error();
    if (!lock(file_)) return last_error();
    folder_ = std::move(opened);
    return {};
  }

 private:
  [[nodiscard]] bool is_removed() const {
    struct stat status {};
    return ::fstat(file_.get(), &status) == 0 && status.st_nlink == 0;
  }

  [[nodiscard]] static bool lock(const FileDescriptor& file) {
    return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
  }

  FileDescriptor file_;
  FileDescriptor folder_;  ///< locked
};

}  // namespace

std::unique_ptr<StateFile> StateFile::open(const std::filesystem::path& file,
                                           std::error_code& error) {
  constexpr mode_t of_owner = S_IRUSR | S_IWUSR;
  FileDescriptor opened(::open(
      file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, of_owner));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0) {
    error = last_error();
    return nullptr;
  }
  if (!S_ISREG(status.st_mode)) {
    error = std::make_error_code(std::errc::not_supported);
    return nullptr;
  }
  return std::make_unique<PosixStateFile>(std::move(opened));
}

std::error_code prepare_private_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) return last_error();
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) return last_error();
  if (!S_ISDIR(status.st_mode)) return std::make_error_code(std::errc::not_a_directory);
  const bool is_others = status.st_uid != ::geteuid() && status.st_uid != 0;
  const bool is_exposed = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (is_others || is_exposed) return std::make_error_code(std::errc::operation_not_permitted);
  return {};
}

}  // namespace provisr::daemon

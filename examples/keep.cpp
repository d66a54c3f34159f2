// Watches one process and keeps its samples in a file, so that the next run continues the history
// (POSIX).
//
//     ./keep FILE PID [SAMPLES]
//
// The file is mapped into memory: a sample is in it as soon as it was taken, also if this program
// is killed. A process that stores into a mapping waits while the disk hangs. provisrd, whose ticks
// must not wait, therefore writes its files on a thread of their own (docs/history-format.md).
#include <provisr/provisr.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace {

// Closes the file, which releases its lock, and removes the mapping.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (bytes_ != MAP_FAILED) ::munmap(bytes_, size_);
    if (file_ >= 0) ::close(file_);
  }

  // Maps the file; a new one gets `size` zeros. Returns false, with errno set, on failure and if
  // another program uses the file.
  [[nodiscard]] bool open(const std::string& path, std::size_t size) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0 || ::flock(file_, LOCK_EX | LOCK_NB) != 0) return false;
    struct stat status {};
    if (::fstat(file_, &status) != 0) return false;
    if (status.st_size == 0 && !reserve(size)) return false;
    size_ = status.st_size == 0 ? size : static_cast<std::size_t>(status.st_size);
    bytes_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    return bytes_ != MAP_FAILED;
  }

  [[nodiscard]] std::span<std::byte> bytes() const {
    return {static_cast<std::byte*>(bytes_), size_};
  }

 private:
  // Reserves the blocks: a store into a mapped hole of a full disk kills the process (SIGBUS).
  [[nodiscard]] bool reserve(std::size_t size) const {
    errno = ::posix_fallocate(file_, 0, static_cast<off_t>(size));
    return errno == 0;
  }

  int file_ = -1;
  void* bytes_ = MAP_FAILED;
  std::size_t size_ = 0;
};

// Returns a history in the file; one on the heap, with a message, if the file cannot be used. What
// a file holds is checked by the registry, which never writes to one that is no such history.
[[nodiscard]] provisr::HistoryStorage storage_in(const std::string& path,
                                                 const provisr::HistoryShape& shape) {
  auto file = std::make_shared<MappedFile>();
  if (!file->open(path, provisr::history_size(shape))) {
    std::perror(path.c_str());
    return provisr::heap_storage(shape);
  }
  const std::span<std::byte> bytes = file->bytes();
  return {bytes, std::move(file)};
}

void print(const provisr::Diagnostic& problem) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(problem.process.size()),
               problem.process.data(), static_cast<int>(problem.message.size()),
               problem.message.data());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: keep FILE PID [SAMPLES]\n", stderr);
    return 2;
  }
  const std::string path = argv[1];
  const provisr::ProcessId pid = std::atoi(argv[2]);
  const int samples = argc > 3 ? std::atoi(argv[3]) : 10;

  provisr::Registry registry(
      {.max_history = 3600, .diagnostics = print, .storage = [&](const auto& shape) {
         return storage_in(path, shape);
       }});
  static_cast<void>(registry.declare("kept"));  // the name is valid
  std::printf("samples of earlier runs: %zu\n", registry.history("kept")->size());
  if (const std::error_code error = registry.track("kept", pid)) {
    std::fprintf(stderr, "cannot watch %s: %s\n", argv[2], error.message().c_str());
    return 1;
  }
  for (int i = 0; i < samples; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    registry.tick();
    if (!registry.latest("kept")) break;  // it has ended
  }
  std::printf("samples now: %zu\n", registry.history("kept")->size());
  return 0;
}

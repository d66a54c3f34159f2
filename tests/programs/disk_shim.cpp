// A library to preload that simulates a disk that hangs. The environment variable PROVISR_TEST_DISK
// names a file. While the first byte of that file is not 0, open, fopen, stat, pread and pwrite
// block for files whose path contains PROVISR_TEST_DISK_FOLDER.
#include <dlfcn.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

[[nodiscard]] const char* map_switch() {
  static const char none = 0;
  const char* const name = std::getenv("PROVISR_TEST_DISK");
  using Open = int (*)(const char*, int, ...);
  static const auto real_open = reinterpret_cast<Open>(dlsym(RTLD_NEXT, "open"));
  const int file = name == nullptr ? -1 : real_open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &none;
  void* const memory = mmap(nullptr, 1, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? &none : static_cast<const char*>(memory);
}

[[nodiscard]] bool is_hung() {
  static const char* const hung = map_switch();
  return __atomic_load_n(hung, __ATOMIC_ACQUIRE) != 0;
}

[[nodiscard]] bool is_on_disk(const char* path) {
  static const char* const folder = std::getenv("PROVISR_TEST_DISK_FOLDER");
  return folder != nullptr && std::strstr(path, folder) != nullptr;
}

void wait_for_disk() {
  while (is_hung()) usleep(1000);
}

void wait_for_file(int file) {
  if (!is_hung()) return;
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = '\0';
  if (is_on_disk(path)) wait_for_disk();
}

template <class Function>
[[nodiscard]] Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

int open_on_disk(const char* name, const char* path, int flags, mode_t mode) {
  if (is_on_disk(path)) wait_for_disk();
  return next<int (*)(const char*, int, ...)>(name)(path, flags, mode);
}

FILE* open_stream_on_disk(const char* name, const char* path, const char* mode) {
  if (is_on_disk(path)) wait_for_disk();
  return next<FILE* (*)(const char*, const char*)>(name)(path, mode);
}

template <class Status>
int status_on_disk(const char* name, const char* path, Status* status) {
  if (is_on_disk(path)) wait_for_disk();
  return next<int (*)(const char*, Status*)>(name)(path, status);
}

template <class Bytes>
ssize_t move_on_disk(const char* name, int file, Bytes bytes, size_t size, off64_t offset) {
  wait_for_file(file);
  return next<ssize_t (*)(int, Bytes, size_t, off64_t)>(name)(file, bytes, size, offset);
}

[[nodiscard]] mode_t mode_in(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return open_on_disk("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  return open_on_disk("open64", path, flags, mode);
}

FILE* fopen(const char* path, const char* mode) {
  return open_stream_on_disk("fopen", path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  return open_stream_on_disk("fopen64", path, mode);
}

int stat(const char* path, struct stat* status) {
  return status_on_disk("stat", path, status);
}
int stat64(const char* path, struct stat64* status) {
  return status_on_disk("stat64", path, status);
}

ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  return move_on_disk("pread", file, bytes, size, offset);
}
ssize_t pread64(int file, void* bytes, size_t size, off64_t offset) {
  return move_on_disk("pread64", file, bytes, size, offset);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return move_on_disk("pwrite", file, bytes, size, offset);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  return move_on_disk("pwrite64", file, bytes, size, offset);
}
}

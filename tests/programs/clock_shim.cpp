// A library to preload that shifts the wall clock. The environment variable PROVISR_TEST_CLOCK
// names a file that holds the shift in nanoseconds as an 8-byte number.
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace {

constexpr std::int64_t second = 1'000'000'000;

[[nodiscard]] const std::int64_t* map_shift() {
  static const std::int64_t none = 0;
  const char* const name = std::getenv("PROVISR_TEST_CLOCK");
  const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &none;
  void* const memory = mmap(nullptr, sizeof none, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? &none : static_cast<const std::int64_t*>(memory);
}

[[nodiscard]] std::int64_t shift() {
  static const std::int64_t* const memory = map_shift();
  return __atomic_load_n(memory, __ATOMIC_RELAXED);
}

[[nodiscard]] std::int64_t nanoseconds_now() {
  timespec time{};
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
  return time.tv_sec * second + time.tv_nsec + shift();
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) {
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  }
  const std::int64_t now = nanoseconds_now();
  time->tv_sec = now / second;
  time->tv_nsec = now % second;
  return 0;
}

int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  const std::int64_t now = nanoseconds_now();
  time->tv_sec = now / second;
  time->tv_usec = now % second / 1000;
  return 0;
}

time_t time(time_t* result) noexcept {
  const time_t now = nanoseconds_now() / second;
  if (result != nullptr) *result = now;
  return now;
}
}

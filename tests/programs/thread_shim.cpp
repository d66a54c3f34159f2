// A library to preload that lets pthread_create fail. The environment variable PROVISR_TEST_THREADS
// names a file that begins with an int: how many threads may still be started; -1: any number.
#include <dlfcn.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace {

[[nodiscard]] int* map_allowance() {
  static int unlimited = -1;
  const char* const name = std::getenv("PROVISR_TEST_THREADS");
  const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) return &unlimited;
  void* const memory = mmap(nullptr, sizeof unlimited, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? &unlimited : static_cast<int*>(memory);
}

[[nodiscard]] bool take_allowance() {
  static int* const allowance = map_allowance();
  int left = __atomic_load_n(allowance, __ATOMIC_ACQUIRE);
  while (left > 0) {
    if (__atomic_compare_exchange_n(allowance, &left, left - 1, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      return true;
    }
  }
  return left < 0;
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*routine)(void*), void* argument) {
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  static const auto create = reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  return take_allowance() ? create(thread, attributes, routine, argument) : EAGAIN;
}

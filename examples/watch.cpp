// Watches one process with libprovisr and prints one line per second: the least that your own
// supervisor has to do.
//
//     ./watch PID [SECONDS]
#include <provisr/provisr.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace {

void print(const provisr::ProcessMetrics& sample) {
  std::printf("cpu %6.1f %%   memory %8.1f MB   threads %3u   descriptors %4u\n",
              sample.cpu_percent.value_or(0), sample.memory_mb().value_or(0),
              sample.num_threads.value_or(0), sample.num_fds.value_or(0));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: watch PID [SECONDS]\n", stderr);
    return 2;
  }
  const provisr::ProcessId pid = std::atoi(argv[1]);
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 10;

  provisr::Registry registry;
  if (const std::error_code error = registry.track("watched", pid)) {
    std::fprintf(stderr, "cannot watch %s: %s\n", argv[1], error.message().c_str());
    return 1;
  }
  const provisr::Collector collector(registry, std::chrono::seconds(1));

  for (int i = 0; i < seconds; ++i) {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const auto sample = registry.latest("watched");
    if (!sample) {
      std::puts("it has ended");
      return 0;
    }
    print(*sample);
  }
  return 0;
}

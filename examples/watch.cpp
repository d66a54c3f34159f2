// Watches one process with libprovisr and prints one line per second: the least that your own
// supervisor has to do.
//
//     ./watch PID [SECONDS]
#include <provisr/provisr.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <thread>

namespace {

// An unknown figure is not 0.

std::string text_of(provisr::Figure<std::uint32_t> count) {
  return count ? std::to_string(*count) : "-";
}

std::string text_of(provisr::Figure<double> value) {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", *value);
  return text;
}

void print(const provisr::ProcessMetrics& sample) {
  std::printf("cpu %6s %%   memory %8s MB   threads %3s   descriptors %4s\n",
              text_of(sample.cpu_percent).c_str(), text_of(sample.memory_mb()).c_str(),
              text_of(sample.num_threads).c_str(), text_of(sample.num_fds).c_str());
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

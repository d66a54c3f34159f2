// Samples processes with provisr; the other programs of this folder do the same with other
// libraries. Usage: provisr_sampler DIRECTORY [MILLISECONDS]. Tracks the PIDs in the *.pid files of
// DIRECTORY and prints "ready". For each line N on standard input it makes N ticks and prints
// "done". With an interval it ticks on its own and prints the number of ticks so far for each line.

#include "bench/support/bare_process.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>

namespace {

void track_all(provisr::Registry& registry, const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".pid") continue;
    provisr::ProcessId pid = 0;
    std::ifstream(entry.path()) >> pid;
    const auto error = registry.track("process" + entry.path().stem().string(), pid);
    if (error) throw std::system_error(error, entry.path().string());
  }
}

void tick_when_told(provisr::Registry& registry) {
  for (int ticks = 0; std::cin >> ticks;) {
    while (ticks-- > 0) registry.tick();
    std::cout << "done" << std::endl;
  }
}

void tick_by_itself(provisr::Registry& registry, std::chrono::milliseconds interval) {
  const provisr::Collector collector(registry, interval);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << registry.snapshot().tick() << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: provisr_sampler DIRECTORY [MILLISECONDS]\n";
    return 2;
  }
  provisr::bench::raise_descriptor_limit();
  provisr::Registry registry;
  track_all(registry, argv[1]);
  std::cout << "ready" << std::endl;
  if (argc == 2) {
    tick_when_told(registry);
  } else {
    tick_by_itself(registry, std::chrono::milliseconds(std::atoi(argv[2])));
  }
  return 0;
}

// Samples processes with provisr, as the programs beside this one do with other libraries:
// provisr_sampler DIRECTORY takes the PIDs of its *.pid files. Prints "ready"; for each line N on
// standard input it makes N ticks and prints "done".

#include "bench/support/bare_process.hpp"

#include <provisr/registry.hpp>

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

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: provisr_sampler DIRECTORY\n";
    return 2;
  }
  provisr::bench::raise_descriptor_limit();
  provisr::Registry registry;
  track_all(registry, argv[1]);
  std::cout << "ready" << std::endl;
  for (int ticks = 0; std::cin >> ticks;) {
    while (ticks-- > 0) registry.tick();
    std::cout << "done" << std::endl;
  }
  return 0;
}

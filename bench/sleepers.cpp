// Starts processes to sample. Usage: sleepers COUNT DIRECTORY. Starts COUNT processes, writes their
// PID files DIRECTORY/1.pid, 2.pid ... and prints the line "ready". At the end of standard input,
// it ends with all of them.

#include "bench/support/sleepers.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: sleepers COUNT DIRECTORY\n";
    return 2;
  }
  const std::size_t count = std::strtoul(argv[1], nullptr, 10);
  const std::filesystem::path directory = argv[2];
  provisr::bench::Sleepers sleepers;
  const std::span<const pid_t> pids = sleepers.first(count);
  if (pids.size() < count) {
    std::cerr << "sleepers: the system allows only " << pids.size() << " processes\n";
    return 1;
  }
  for (std::size_t i = 0; i < pids.size(); ++i) {
    std::ofstream(directory / (std::to_string(i + 1) + ".pid")) << pids[i] << '\n';
  }
  std::cout << "ready" << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
}

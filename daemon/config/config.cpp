#include "daemon/config/config.hpp"

#include <fmt/format.h>

namespace provisr::daemon {

std::vector<std::string> instance_names(const ProcessConfig& process) {
  if (process.instances == 1) return {process.name};
  std::vector<std::string> names;
  for (int number = 1; number <= process.instances; ++number) {
    names.push_back(fmt::format("{}-{}", process.name, number));
  }
  return names;
}

bool run_the_same(const ProcessConfig& a, const ProcessConfig& b) {
  return a.argv == b.argv && a.work_dir == b.work_dir && a.env == b.env && a.account == b.account &&
         a.log == b.log && a.pid_file == b.pid_file;
}

}  // namespace provisr::daemon

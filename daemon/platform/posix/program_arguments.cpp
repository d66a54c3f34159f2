#include "daemon/platform/program_arguments.hpp"

namespace provisr::daemon {

std::vector<std::string> program_arguments(int argc, char** argv) {
  return {argv + (argc > 0 ? 1 : 0), argv + argc};
}

}  // namespace provisr::daemon

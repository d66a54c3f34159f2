#include "daemon/platform/program_arguments.hpp"

#include "daemon/platform/windows/wide_text.hpp"
#include "lib/platform/windows/windows_api.hpp"

#include <shellapi.h>

namespace provisr::daemon {

// main's own are in the code page of the system, which may lack some of their letters.
std::vector<std::string> program_arguments(int /*argc*/, char** /*argv*/) {
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) arguments.push_back(to_utf8(words[i]));
  LocalFree(words);
  return arguments;
}

}  // namespace provisr::daemon

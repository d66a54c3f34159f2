#include "daemon/platform/program_arguments.hpp"

#include "daemon/platform/windows/wide_text.hpp"
#include "lib/platform/windows/windows_api.hpp"

#include <shellapi.h>

namespace provisr::daemon {

// main's arguments are in the system's code page, which may lack some of their characters.
std::vector<std::string> program_arguments(int /*argc*/, char** /*argv*/) {
  int count = 0;
  wchar_t** const words = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) arguments.push_back(to_utf8(words[i]));
  LocalFree(words);
  return arguments;
}

}  // namespace provisr::daemon

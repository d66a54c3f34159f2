#pragma once

#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <string>
#include <vector>

namespace provisr::test {

/// A library that is preloaded into a program, and the file that controls it.
struct Preload {
  std::string library;   ///< empty: this build does not have it
  std::string variable;  ///< environment variable that gives it the file
  std::string file;

  [[nodiscard]] std::vector<std::string> with(const std::vector<std::string>& command) const {
    std::vector<std::string> whole{"env", "LD_PRELOAD=" + library, variable + "=" + file};
    whole.insert(whole.end(), command.begin(), command.end());
    return whole;
  }

  /// Whether provisrd runs with the library: it needs a dynamic linker, and sanitizers may refuse
  /// preloading.
  [[nodiscard]] bool works_with_provisrd() const {
    return !library.empty() && has_dynamic_linker(provisrd_path()) &&
           run_to_end(with({provisrd_path(), "--version"})).status == 0;
  }
};

}  // namespace provisr::test

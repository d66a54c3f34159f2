#pragma once

#include "support/daemon_runner.hpp"
#include "support/paths.hpp"

#include <string>
#include <vector>

namespace provisr::test {

/// A library that is put before a program's own, and the file that tells it what to do.
struct Preload {
  std::string library;   ///< empty: this build has none
  std::string variable;  ///< names the file to it
  std::string file;

  [[nodiscard]] std::vector<std::string> with(const std::vector<std::string>& command) const {
    std::vector<std::string> whole{"env", "LD_PRELOAD=" + library, variable + "=" + file};
    whole.insert(whole.end(), command.begin(), command.end());
    return whole;
  }

  /// Without a dynamic linker, nothing is preloaded; a sanitizer may refuse it.
  [[nodiscard]] bool works_with_provisrd() const {
    return !library.empty() && has_dynamic_linker(provisrd_path()) &&
           run_to_end(with({provisrd_path(), "--version"})).status == 0;
  }
};

}  // namespace provisr::test

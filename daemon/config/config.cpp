#include "daemon/config/config.hpp"

#include "daemon/base/fnv_hash.hpp"
#include "daemon/config/name_template.hpp"

#include <fmt/format.h>

#include <string_view>

namespace provisr::daemon {
namespace {

class Fingerprint {
 public:
  /// Also hashes the end of the text, so that "ab" and "a", "b" differ.
  void add(std::string_view text) {
    hash_.add(text);
    hash_.add(std::string_view("\0", 1));
  }
  [[nodiscard]] std::uint64_t value() const { return hash_.value(); }

 private:
  FnvHash hash_;
};

}  // namespace

std::string_view to_text(LimitAction action) {
  switch (action) {
    case LimitAction::log:
      return "log";
    case LimitAction::restart:
      return "restart";
    case LimitAction::stop:
      return "stop";
  }
  return "unknown";
}

std::vector<std::string> instance_names(const ProcessConfig& process) {
  if (process.match) return {NameTemplate(process.name).placeholder_name()};
  if (process.instances == 1) return {process.name};
  std::vector<std::string> names;
  for (int number = 1; number <= process.instances; ++number) {
    names.push_back(fmt::format("{}-{}", process.name, number));
  }
  return names;
}

bool runs_same_program(const ProcessConfig& a, const ProcessConfig& b) {
  return a.argv == b.argv && a.work_dir == b.work_dir && a.env == b.env &&
         a.inherits_env == b.inherits_env && a.account == b.account && a.log == b.log &&
         a.pid_file == b.pid_file;
}

std::uint64_t fingerprint_of(const ProcessConfig& process) {
  Fingerprint fingerprint;
  for (const std::string& word : process.argv) fingerprint.add(word);
  fingerprint.add(process.work_dir.string());
  for (const std::string& entry : process.env) fingerprint.add(entry);
  fingerprint.add(process.inherits_env ? "inherits" : "");
  if (process.account) fingerprint.add(process.account->name);
  fingerprint.add(process.log.stdout_file.string());
  fingerprint.add(process.log.stderr_file.string());
  fingerprint.add(process.log.directory.string());
  fingerprint.add(process.pid_file.string());
  return fingerprint.value();
}

}  // namespace provisr::daemon

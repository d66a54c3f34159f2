#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/client/reload_report.hpp"
#include "daemon/cli/client/terminal_text.hpp"

#include <cstdlib>

namespace provisr::daemon {
namespace {

/// Long enough for a large configuration.
constexpr std::chrono::milliseconds patience{60'000};
constexpr int unprocessable = 422;

[[nodiscard]] std::string text_of(const std::vector<std::string>& changes) {
  if (changes.empty()) return "nothing changed\n";
  std::string text;
  for (const std::string& change : changes) text += printable(change) + "\n";
  return text;
}

[[nodiscard]] int complain_of_faults(const ApiClient& api, const HttpResponse& received,
                                     const ClientOutput& output) {
  std::vector<std::string> faults = faults_in(received.body);
  if (faults.empty()) faults.push_back(api.refusal(received));
  for (const std::string& fault : faults) output.report_error(fault);
  return EXIT_FAILURE;
}

}  // namespace

int run_reload(const ApiClient& api, const ClientOutput& output) {
  const HttpResponse received = api.post("/reload", patience);
  if (received.status == unprocessable) return complain_of_faults(api, received, output);
  if (received.status != 200) throw ClientFailure(api.refusal(received));
  return output.print(text_of(changes_in(received.body))) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace provisr::daemon

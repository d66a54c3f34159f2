#include "daemon/base/duration.hpp"
#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/client/json_answer.hpp"
#include "daemon/cli/client/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace provisr::daemon {
namespace {

using std::chrono::milliseconds;

/// Added to the wait: provisrd reports that a wait timed out, or that it cannot accept a command,
/// within this time.
constexpr milliseconds margin{20'000};

/// The route of a command and the words that are printed for it.
struct Words {
  std::string_view route;
  std::string_view done;
  std::string_view asked;
};

[[nodiscard]] Words words_of(Action action) {
  switch (action) {
    case Action::start:
      return {"/start", "started", "asked to start"};
    case Action::stop:
      return {"/stop", "stopped", "asked to stop"};
    default:
      return {"/restart", "restarted", "asked to restart"};
  }
}

/// Returns "name=app-1" or "base=app"; empty if neither exists. Names need no escaping.
[[nodiscard]] std::string target_of(const std::string& name,
                                    const std::vector<ProcessReport>& processes) {
  const auto found = find_processes(processes, name);
  if (found.empty()) return {};
  const bool is_process = found.size() == 1 && found.front()->name == name;
  return fmt::format("{}={}", is_process ? "name" : "base", name);
}

/// Returns the names in the answer, or `asked` if there are none.
[[nodiscard]] std::vector<std::string> names_in(std::string_view body, const std::string& asked) {
  std::vector<std::string> names;
  const rapidjson::Document answer = parse_answer(body);
  const rapidjson::Value* const list = find_member(answer, "names");
  if (list == nullptr || !list->IsArray()) return {asked};
  for (const rapidjson::Value& name : list->GetArray()) {
    if (name.IsString()) names.emplace_back(name.GetString(), name.GetStringLength());
  }
  return names.empty() ? std::vector<std::string>{asked} : names;
}

/// Sends a command for one name after the other and collects the exit status.
class Control {
 public:
  Control(Action action, const ApiClient& api, const ClientOptions& options,
          const ClientOutput& output)
      : words_(words_of(action)), api_(api), wait_(options.wait), output_(output) {}

  /// Returns false if the output can no longer be written.
  [[nodiscard]] bool ask(const std::string& name, const std::string& target) {
    const HttpResponse received = post(name, target);
    if (received.status == 200 || received.status == 202) return print_done(name, received);
    const std::string why = api_.refusal(received);
    const std::string whose = name + ": ";
    output_.report_error(why.starts_with(whose) ? why : whose + why);
    fail(received.status == 404 ? exit_unknown_name : EXIT_FAILURE);
    return true;
  }

  void fail(int status) { status_ = std::max(status_, status); }

  [[nodiscard]] int status() const { return status_; }

 private:
  /// Adds the name to a failure.
  [[nodiscard]] HttpResponse post(const std::string& name, const std::string& target) const {
    try {
      return api_.post(route_to(target), wait_ + margin);
    } catch (const ClientFailure& failure) {
      throw ClientFailure(fmt::format("{}: {}", name, failure.what()));
    }
  }

  [[nodiscard]] std::string route_to(const std::string& target) const {
    std::string route = fmt::format("{}?{}", words_.route, target);
    if (wait_.count() > 0) route += "&wait=" + format_duration(wait_);
    return route;
  }

  [[nodiscard]] bool print_done(const std::string& name, const HttpResponse& received) {
    const std::string_view what = received.status == 200 ? words_.done : words_.asked;
    std::string text;
    for (const std::string& one : names_in(received.body, name)) {
      text += fmt::format("{}: {}\n", printable(one), what);
    }
    if (output_.print(text)) return true;
    fail(EXIT_FAILURE);
    return false;
  }

  Words words_;
  const ApiClient& api_;
  milliseconds wait_;
  const ClientOutput& output_;
  int status_ = EXIT_SUCCESS;
};

}  // namespace

int run_control(Action action, const ApiClient& api, const ClientOptions& options,
                const ClientOutput& output) {
  const std::vector<ProcessReport> processes = parse_status(ask_status(api));
  Control control(action, api, options, output);
  for (const std::string& name : options.names) {
    const std::string target = target_of(name, processes);
    if (target.empty()) {
      output.report_error(unknown_name(name, processes));
      control.fail(exit_unknown_name);
    } else if (!control.ask(name, target)) {
      break;
    }
  }
  return control.status();
}

}  // namespace provisr::daemon

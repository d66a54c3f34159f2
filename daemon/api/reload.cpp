#include "daemon/api/reload.hpp"

#include "daemon/base/json_text.hpp"
#include "daemon/base/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

/// Reading a file, or asking a server for users, may be slow.
constexpr std::chrono::minutes patience{1};

void write_texts(JsonText& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key);
  json.array([&] {
    for (const std::string& text : texts) json.text(text);
  });
}

[[nodiscard]] std::string faults_json(const std::vector<std::string>& faults) {
  JsonText json;
  json.object([&] {
    json.member("error", fmt::format("nothing has changed: {} {}", faults.size(),
                                     faults.size() == 1 ? "fault" : "faults"));
    write_texts(json, "faults", faults);
  });
  return json.str();
}

void write_changes(JsonText& json, const ReloadReport& report) {
  write_texts(json, "started", report.processes.started);
  write_texts(json, "stopped", report.processes.stopped);
  write_texts(json, "restarted", report.processes.restarted);
  write_texts(json, "changed", report.processes.changed);
  write_texts(json, "settings", report.settings);
  write_texts(json, "at_next_start", report.at_next_start);
}

[[nodiscard]] std::string changes_json(const ReloadReport& report) {
  JsonText json;
  json.object([&] { write_changes(json, report); });
  return json.str();
}

[[nodiscard]] HttpAnswer answer_of(const ReloadReport& report) {
  constexpr int unavailable = 503;
  if (!report.refusal.empty()) return error_answer(unavailable, report.refusal);
  if (report.faults.empty()) return json_answer(changes_json(report));
  constexpr int unprocessable = 422;
  HttpAnswer answer = json_answer(faults_json(report.faults));
  answer.status = unprocessable;
  return answer;
}

[[nodiscard]] HttpAnswer reload(const RequestReload& request) {
  return deferred_answer({.begin =
                              [request](HttpCompletion complete) {
                                request(
                                    [complete = std::move(complete)](const ReloadReport& report) {
                                      complete([&] { return answer_of(report); });
                                    });
                              },
                          .time_limit = patience,
                          .late_text = "the configuration is still being read"});
}

}  // namespace

void publish_reload_event(EventHub& hub, const ReloadReport& report, const Clock& clock) noexcept {
  try {
    JsonText json;
    json.object([&] {
      write_changes(json, report);
      json.member("at", rfc3339(clock.utc_now()));
    });
    hub.publish("reload", json.str());
  } catch (const std::exception&) {
  }
}

void add_reload_route(Router& router, const std::string& base_path, RequestReload request) {
  router.add(
      {.method = "POST",
       .path = base_path + "/reload",
       .help = "reads the configuration again",
       .parameters = {},
       .handler = [request = std::move(request)](const HttpRequest&) { return reload(request); },
       .access = Access::control});
}

}  // namespace provisr::daemon

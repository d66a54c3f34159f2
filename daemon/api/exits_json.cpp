#include "daemon/api/exits_json.hpp"

#include "daemon/api/sample_json.hpp"
#include "daemon/base/timestamp.hpp"

#include <cstdint>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::string description_of(const ExitRecord& record, std::string_view error) {
  if (record.status) return record.status->to_string();
  return error.empty() ? "exit status unknown" : std::string(error);
}

void write_members(JsonText& json, const ExitRecord& record, std::string_view error = {}) {
  json.member("name", record.name);
  json.member("pid", std::int64_t{record.pid});
  if (record.started_at) json.member("started_at", rfc3339(*record.started_at));
  json.member("ended_at", rfc3339(record.ended_at));
  if (record.status) write_exit_status(json, *record.status);
  json.member("description", description_of(record, error));
  json.member("core_dumped", record.status && record.status->has_dumped_core);
  if (record.status && record.status->was_oom_kill) json.member("oom_killed", true);
  json.member("reason", to_text(record.reason));
  if (record.memory_peak) json.member("memory_peak", std::uint64_t{*record.memory_peak});
  if (record.last_samples.empty()) return;
  json.key("last_sample");
  write_sample(json, record.name, {record.last_samples.back()});
  json.key("last_samples");
  json.array([&] {
    for (const ProcessMetrics& sample : record.last_samples) {
      write_sample(json, record.name, {sample});
    }
  });
}

}  // namespace

void write_exit_status(JsonText& json, const ExitStatus& status) {
  if (status.signal != 0) {
    json.member("signal", std::int64_t{status.signal});
  } else {
    json.member("code", std::int64_t{status.code});
  }
}

void write_exit(JsonText& json, const ExitRecord& record) {
  json.object([&] { write_members(json, record); });
}

std::string exited_json(const ExitRecord& record, std::string_view error) {
  JsonText json;
  json.object([&] {
    write_members(json, record, error);
    json.member("at", rfc3339(record.ended_at));
  });
  return json.str();
}

std::string exits_json(const ExitLog::Records& records) {
  JsonText json;
  json.object([&] {
    json.key("exits");
    json.array([&] {
      for (const auto& record : records) write_exit(json, *record);
    });
  });
  return json.str();
}

}  // namespace provisr::daemon

#include "daemon/cli/client/exit_report.hpp"

#include "daemon/cli/client/json_answer.hpp"

#include <fmt/format.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] ExitReport exit_of(const rapidjson::Value& entry) {
  const rapidjson::Value* const oom = find_member(entry, "oom_killed");
  return {.name = find_text(entry, "name").value_or(""),
          .ended_at = find_text(entry, "ended_at").value_or(""),
          .description = find_text(entry, "description").value_or(""),
          .reason = find_text(entry, "reason").value_or(""),
          .is_out_of_memory = oom != nullptr && oom->IsTrue(),
          .memory_peak = find_count(entry, "memory_peak")};
}

}  // namespace

std::vector<ExitReport> parse_exits(std::string_view json) {
  std::vector<ExitReport> exits;
  try {
    const rapidjson::Document answer = parse_answer(json);
    const rapidjson::Value* const entries = find_member(answer, "exits");
    if (entries == nullptr || !entries->IsArray()) return {};
    for (const rapidjson::Value& entry : entries->GetArray()) exits.push_back(exit_of(entry));
  } catch (const InvalidAnswer&) {
    return {};
  }
  return exits;
}

std::string to_words(const ExitReport& exit) {
  std::string words = exit.description.empty() ? "exit status unknown" : exit.description;
  if (exit.is_out_of_memory) words += ", out of memory";
  if (!exit.reason.empty() && exit.reason != "itself") words += ", by " + exit.reason;
  if (exit.memory_peak) {
    words += fmt::format(", peak {:.1f} MB", static_cast<double>(*exit.memory_peak) / 1024 / 1024);
  }
  return words;
}

}  // namespace provisr::daemon

#include "daemon/cli/client/reload_report.hpp"

#include "daemon/cli/client/json_answer.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace provisr::daemon {
namespace {

using rapidjson::Value;

[[nodiscard]] std::string text_of(const Value& value) {
  if (value.IsString()) return {value.GetString(), value.GetStringLength()};
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  return {text.GetString(), text.GetSize()};
}

[[nodiscard]] std::vector<std::string> elements_of(const Value& array) {
  std::vector<std::string> elements;
  for (const Value& element : array.GetArray()) elements.push_back(text_of(element));
  return elements;
}

[[nodiscard]] std::string value_of(const Value& member) {
  if (member.IsNull()) return {};
  return member.IsArray() ? fmt::format("{}", fmt::join(elements_of(member), ", "))
                          : text_of(member);
}

/// Returns a key in words: "not applied" for "not_applied".
[[nodiscard]] std::string label_of(const Value& key) {
  std::string label = text_of(key);
  std::replace(label.begin(), label.end(), '_', ' ');
  return label;
}

}  // namespace

std::vector<std::string> changes_in(std::string_view json) {
  const rapidjson::Document answer = parse_answer(json);
  if (!answer.IsObject())
    throw InvalidAnswer("the answer is not of a provisrd: it is no JSON object");
  std::vector<std::string> lines;
  for (const auto& member : answer.GetObject()) {
    const std::string value = value_of(member.value);
    if (!value.empty()) lines.push_back(fmt::format("{}: {}", label_of(member.name), value));
  }
  return lines;
}

std::vector<std::string> faults_in(std::string_view json) {
  const rapidjson::Document answer = parse_answer(json);
  const Value* const faults = find_member(answer, "faults");
  if (faults != nullptr && faults->IsArray() && !faults->Empty()) return elements_of(*faults);
  const auto error = find_text(answer, "error");
  return error ? std::vector<std::string>{*error} : std::vector<std::string>{};
}

}  // namespace provisr::daemon

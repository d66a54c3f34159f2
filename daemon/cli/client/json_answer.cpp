#include "daemon/cli/client/json_answer.hpp"

#include <fmt/format.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <cstddef>

namespace provisr::daemon {
namespace {

constexpr int deepest_nesting = 64;

/// Returns how deep brackets outside of strings are nested. Stops counting above `deepest_nesting`.
[[nodiscard]] int nesting_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size() && deepest <= deepest_nesting; ++i) {
    const char c = text[i];
    if (is_in_string && c == '\\') ++i;
    if (c == '"') is_in_string = !is_in_string;
    if (is_in_string) continue;
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  return deepest;
}

}  // namespace

rapidjson::Document parse_answer(std::string_view text) {
  if (nesting_of(text) > deepest_nesting) {
    throw InvalidAnswer("the answer is not of a provisrd: its JSON is nested too deeply");
  }
  // RapidJSON would take it for the end of the text.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    throw InvalidAnswer(
        fmt::format("the answer is not of a provisrd: not JSON at byte {}: a NUL byte", zero));
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError()) {
    throw InvalidAnswer(fmt::format("the answer is not of a provisrd: not JSON at byte {}: {}",
                                    document.GetErrorOffset(),
                                    rapidjson::GetParseError_En(document.GetParseError())));
  }
  return document;
}

const rapidjson::Value* find_member(const rapidjson::Value& object, std::string_view key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(rapidjson::Value(
      rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size()))));
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::optional<std::string> find_text(const rapidjson::Value& object, std::string_view key) {
  const rapidjson::Value* const value = find_member(object, key);
  if (value == nullptr || !value->IsString()) return std::nullopt;
  return std::string(value->GetString(), value->GetStringLength());
}

std::optional<double> find_number(const rapidjson::Value& object, std::string_view key) {
  const rapidjson::Value* const value = find_member(object, key);
  if (value == nullptr || !value->IsNumber()) return std::nullopt;
  constexpr double too_large = 0x1p64;
  const double number = value->GetDouble();
  if (number >= 0 && number < too_large) return number;
  return std::nullopt;
}

std::optional<std::uint64_t> find_count(const rapidjson::Value& object, std::string_view key) {
  const rapidjson::Value* const value = find_member(object, key);
  if (value == nullptr || !value->IsUint64()) return std::nullopt;
  return value->GetUint64();
}

std::string error_in(std::string_view text) {
  try {
    return find_text(parse_answer(text), "error").value_or("");
  } catch (const InvalidAnswer&) {
    return {};
  }
}

}  // namespace provisr::daemon

#include "daemon/http/request.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

[[nodiscard]] int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/// The byte that an escape at `index` stands for; -1 if there is no escape.
[[nodiscard]] int escaped_byte(std::string_view text, std::size_t index) {
  if (text[index] != '%' || index + 2 >= text.size()) return -1;
  const int high = hex_value(text[index + 1]);
  const int low = hex_value(text[index + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

[[nodiscard]] std::string form_decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decode(spaced);
}

[[nodiscard]] char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = escaped_byte(text, i);
    decoded += byte < 0 ? text[i] : static_cast<char>(byte);
    if (byte >= 0) i += 2;
  }
  return decoded;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char left, char right) { return lower(left) == lower(right); });
}

HttpQuery::HttpQuery(std::string_view encoded) {
  while (!encoded.empty()) {
    const std::string_view parameter = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    const std::size_t name_length = std::min(parameter.find('='), parameter.size());
    const std::size_t value_start = std::min(name_length + 1, parameter.size());
    parameters_.emplace_back(form_decode(parameter.substr(0, name_length)),
                             form_decode(parameter.substr(value_start)));
  }
}

std::optional<std::string> HttpQuery::find(std::string_view name) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  if (found == parameters_.end()) return std::nullopt;
  return found->second;
}

std::size_t HttpQuery::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(parameters_.begin(), parameters_.end(),
                    [&](const auto& parameter) { return parameter.first == name; }));
}

void HttpHeaders::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> HttpHeaders::find(std::string_view name) const {
  const std::vector<std::string_view> values = all(name);
  if (values.empty()) return std::nullopt;
  return values.front();
}

std::vector<std::string_view> HttpHeaders::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [field, value] : fields_) {
    if (equal_ignoring_case(field, name)) values.emplace_back(value);
  }
  return values;
}

}  // namespace provisr::daemon

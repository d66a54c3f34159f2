#include "daemon/http/negotiation.hpp"

#include "daemon/base/text.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

/// Takes the text before the next `separator` outside quotes, which may hold escaped characters.
[[nodiscard]] std::string_view take_until(std::string_view& rest, char separator) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (is_quoted || rest[end] != separator); ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[end] == '\\') ++end;
  }
  end = std::min(end, rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(taken, http_blanks);
}

[[nodiscard]] std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

/// Parses a quality: "0.25" is 250. Accepts at most three decimals and at most 1.
[[nodiscard]] std::optional<int> parse_quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int thousandths = text[0] == '1' ? 1000 : 0;
  int unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? std::optional(thousandths) : std::nullopt;
}

/// Adds a parameter. Returns false if it is malformed.
[[nodiscard]] bool add_parameter(std::string_view text, Preference& preference) {
  if (text.empty()) return true;
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  std::string name = ascii_lower(trimmed(text.substr(0, equals), http_blanks));
  std::string value = unquoted(trimmed(text.substr(equals + 1), http_blanks));
  if (name != "q") {
    preference.parameters.emplace_back(std::move(name), std::move(value));
    return true;
  }
  const auto quality = parse_quality(value);
  preference.quality = quality.value_or(0);
  return quality.has_value();
}

[[nodiscard]] std::optional<Preference> parse_preference(std::string_view text) {
  Preference preference;
  preference.value = ascii_lower(take_until(text, ';'));
  if (preference.value.empty()) return std::nullopt;
  while (!text.empty()) {
    if (!add_parameter(take_until(text, ';'), preference)) return std::nullopt;
  }
  return preference;
}

[[nodiscard]] bool has_parameter(const MediaType& offer, const Preference::Parameter& wanted) {
  return std::any_of(offer.parameters.begin(), offer.parameters.end(), [&](const auto& own) {
    return own.first == wanted.first && equal_ignoring_case(own.second, wanted.second);
  });
}

/// Returns how specific the range is if it matches; empty if it does not match.
[[nodiscard]] std::optional<std::size_t> match(const MediaType& offer, const Preference& range,
                                               std::string_view ignored) {
  std::size_t specificity = 0;
  if (range.value != "*/*" && range.value != "*") {
    const std::size_t slash = std::min(range.value.find('/'), range.value.size());
    const std::string_view whole = range.value;
    if (whole.substr(0, slash) != offer.type) return std::nullopt;
    const std::string_view subtype = whole.substr(std::min(slash + 1, whole.size()));
    if (subtype != "*" && subtype != offer.subtype) return std::nullopt;
    specificity = subtype == "*" ? 1 : 2;
  }
  for (const Preference::Parameter& wanted : range.parameters) {
    if (wanted.first == ignored) continue;
    if (!has_parameter(offer, wanted)) return std::nullopt;
    ++specificity;
  }
  return specificity;
}

}  // namespace

std::optional<std::string_view> Preference::parameter(std::string_view name) const {
  for (const auto& [own, text] : parameters) {
    if (own == name) return text;
  }
  return std::nullopt;
}

std::vector<Preference> preferences(const HttpHeaders& headers, std::string_view field) {
  std::vector<Preference> found;
  for (std::string_view rest : headers.all(field)) {
    while (!rest.empty()) {
      if (auto preference = parse_preference(take_until(rest, ','))) {
        found.push_back(std::move(*preference));
      }
    }
  }
  return found;
}

Suitability suitability_of(const MediaType& offer, const std::vector<Preference>& accept,
                           std::string_view ignored) {
  if (accept.empty()) return {.quality = 1000};
  Suitability best;
  for (std::size_t i = 0; i < accept.size(); ++i) {
    const auto specificity = match(offer, accept[i], ignored);
    const bool is_better =
        specificity && (best.range == nullptr || *specificity > best.specificity);
    if (!is_better) continue;
    best = {.quality = accept[i].quality,
            .specificity = *specificity,
            .precedence = -static_cast<std::ptrdiff_t>(i),
            .range = &accept[i]};
  }
  return best;
}

bool wants_gzip(const HttpHeaders& headers) {
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
  for (const Preference& coding : preferences(headers, "Accept-Encoding")) {
    if (coding.value == "gzip" || coding.value == "x-gzip") gzip = coding.quality;
    if (coding.value == "identity") identity = coding.quality;
    if (coding.value == "*") any = coding.quality;
  }
  const int wanted = gzip.value_or(any.value_or(0));
  return wanted > 0 && wanted >= identity.value_or(0);
}

}  // namespace provisr::daemon

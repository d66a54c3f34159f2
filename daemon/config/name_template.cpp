#include "daemon/config/name_template.hpp"

#include "daemon/base/fnv_hash.hpp"
#include "daemon/config/rules.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <system_error>

namespace provisr::daemon {
namespace {

constexpr std::size_t max_length = max_process_name_length - NameTemplate::room_for_number;

/// A reference such as "{12}".
struct Reference {
  std::size_t star;
  std::size_t length;
};
/// Returns the reference at the beginning of `text`; empty if there is none.
[[nodiscard]] std::optional<Reference> reference_at(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  std::size_t star = 0;
  const char* const begin = text.data() + 1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(begin, end, star);
  if (error != std::errc{} || rest == end || *rest != '}' || star == 0) return std::nullopt;
  return Reference{star, static_cast<std::size_t>(rest - text.data()) + 1};
}

[[nodiscard]] std::string without_references(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const auto reference = reference_at(text);
    plain += reference ? '_' : text.front();
    text.remove_prefix(reference ? reference->length : 1);
  }
  return plain;
}

[[nodiscard]] std::uint64_t hash_of(std::string_view text) {
  FnvHash hash;
  hash.add(text);
  return hash.value();
}

/// Replaces characters that a name may not hold, and the second dot of "..", by `_`.
[[nodiscard]] std::string made_valid(std::string name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_second_dot = i > 0 && name[i] == '.' && name[i - 1] == '.';
    if (is_second_dot || !is_valid_process_name(name.substr(i, 1))) name[i] = '_';
  }
  return name;
}

}  // namespace

std::string NameTemplate::fault_in(std::string_view text) {
  const std::string plain = without_references(text);
  if (plain.size() <= max_length && is_valid_process_name(plain)) return {};
  if (is_valid_process_name(plain)) {
    return fmt::format("is longer than {} characters, which leaves no room for a number",
                       max_length);
  }
  return fault_in_name(text) + ", and {N}, as in \"worker-{2}\"";
}

NameTemplate::NameTemplate(std::string_view text) {
  Part part;
  while (!text.empty()) {
    const auto reference = reference_at(text);
    if (!reference) {
      part.text += text.front();
      text.remove_prefix(1);
      continue;
    }
    part.star = reference->star;
    parts_.push_back(std::move(part));
    part = {};
    text.remove_prefix(reference->length);
  }
  if (!part.text.empty()) parts_.push_back(std::move(part));
}

std::size_t NameTemplate::highest() const {
  std::size_t highest = 0;
  for (const Part& part : parts_) highest = std::max(highest, part.star);
  return highest;
}

std::string NameTemplate::name_for(std::span<const std::string_view> captures) const {
  constexpr std::string_view nothing = "_";
  std::string name;
  for (const Part& part : parts_) {
    name += part.text;
    if (part.star == 0) continue;
    const bool is_known = part.star <= captures.size() && !captures[part.star - 1].empty();
    name += is_known ? captures[part.star - 1] : nothing;
  }
  if (name.size() <= max_length) return made_valid(std::move(name));
  const std::string hash = fmt::format("_{:016x}", hash_of(name));
  return made_valid(name.substr(0, max_length - hash.size())) + hash;
}

}  // namespace provisr::daemon

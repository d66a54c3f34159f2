#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// Readers of JSON that may be hostile. A member of an unexpected type counts as absent.
namespace provisr::daemon {

/// The reason why an answer is not from a provisrd, in one sentence.
class InvalidAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses JSON. Throws InvalidAnswer if `text` is not JSON in valid UTF-8, or is nested deeper than
/// any answer of provisrd, which could overflow the stack of code that walks the document.
[[nodiscard]] rapidjson::Document parse_answer(std::string_view text);

/// Returns a member of an object; null if there is no such member or `object` is not an object.
[[nodiscard]] const rapidjson::Value* find_member(const rapidjson::Value& object,
                                                  std::string_view key);

[[nodiscard]] std::optional<std::string> find_text(const rapidjson::Value& object,
                                                   std::string_view key);
/// Returns a number from 0 to less than 2^64, so that sums stay finite.
[[nodiscard]] std::optional<double> find_number(const rapidjson::Value& object,
                                                std::string_view key);
[[nodiscard]] std::optional<std::uint64_t> find_count(const rapidjson::Value& object,
                                                      std::string_view key);

/// Returns the sentence of `{"error": "..."}`; empty if `text` is anything else.
[[nodiscard]] std::string error_in(std::string_view text);

}  // namespace provisr::daemon

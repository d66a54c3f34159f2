#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// Reading JSON that may be hostile: a member that is missing or of another type is absent.
namespace provisr::daemon {

/// Why an answer is none of a provisrd, in one sentence.
class AnswerFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws AnswerFault if `text` is not JSON in valid UTF-8, or is nested deeper than any answer is,
/// so that what walks the document need not fear for its stack.
[[nodiscard]] rapidjson::Document parse_answer(std::string_view text);

/// A member of an object; null if there is none or `object` is none.
[[nodiscard]] const rapidjson::Value* find_member(const rapidjson::Value& object,
                                                  std::string_view key);

[[nodiscard]] std::optional<std::string> find_text(const rapidjson::Value& object,
                                                   std::string_view key);
/// Finite and not negative.
[[nodiscard]] std::optional<double> find_number(const rapidjson::Value& object,
                                                std::string_view key);
[[nodiscard]] std::optional<std::uint64_t> find_count(const rapidjson::Value& object,
                                                      std::string_view key);

/// The sentence of `{"error": "..."}`; empty if `text` is nothing of the kind.
[[nodiscard]] std::string error_in(std::string_view text);

}  // namespace provisr::daemon

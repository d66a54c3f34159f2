#include "daemon/base/glob.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using provisr::daemon::Glob;
using Stars = std::vector<std::string>;

namespace {

std::optional<Stars> match(std::string_view pattern, std::string_view text) {
  const auto found = Glob(pattern).match(text);
  if (!found) return std::nullopt;
  return Stars(found->begin(), found->end());
}

/// A reference matcher. Tries every length for every star, the shortest first, so that each star
/// takes the shortest text with which the rest can still match.
bool naive(std::string_view pattern, std::string_view text, Stars& stars) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() != '*') {
    const bool fits = !text.empty() && (pattern.front() == '?' || pattern.front() == text.front());
    return fits && naive(pattern.substr(1), text.substr(1), stars);
  }
  for (std::size_t length = 0; length <= text.size(); ++length) {
    Stars rest;
    if (!naive(pattern.substr(1), text.substr(length), rest)) continue;
    stars = {std::string(text.substr(0, length))};
    stars.insert(stars.end(), rest.begin(), rest.end());
    return true;
  }
  return false;
}

std::string random_text(std::mt19937& random, std::string_view letters, std::size_t most) {
  std::string text(random() % (most + 1), ' ');
  for (char& letter : text) letter = letters[random() % letters.size()];
  return text;
}

}  // namespace

TEST_CASE("a pattern is for the whole text", "[glob]") {
  CHECK(match("", ""));
  CHECK_FALSE(match("", "a"));
  CHECK(match("abc", "abc"));
  CHECK_FALSE(match("abc", "abcd"));
  CHECK_FALSE(match("abc", "xabc"));
  CHECK_FALSE(match("abc", "abC"));
  CHECK(match("a?c", "abc"));
  CHECK_FALSE(match("a?c", "ac"));
  CHECK(match("[a]\\", "[a]\\"));
}

TEST_CASE("stars stand for the shortest texts from the left, the last for what is left", "[glob]") {
  CHECK(match("*", "") == Stars{""});
  CHECK(match("*", "abc") == Stars{"abc"});
  CHECK(match("**", "abc") == Stars{"", "abc"});
  CHECK(match("a*a", "a") == std::nullopt);
  CHECK(match("a*a", "aa") == Stars{""});
  CHECK(match("*worker.py --queue=*", "python3 worker.py --queue=high --queue=low") ==
        Stars{"python3 ", "high --queue=low"});
  CHECK(match("*-*-*", "a-b-c-d") == Stars{"a", "b", "c-d"});
  CHECK(match("*b", "abab") == Stars{"aba"});
  CHECK(match("*?b*", "abab") == Stars{"", "ab"});
  CHECK(match("*--port ?*", "x --port 80") == Stars{"x ", "0"});
}

TEST_CASE("a text is any bytes", "[glob]") {
  using namespace std::string_view_literals;
  CHECK(match("a*z"sv, "a\0\n\xff z"sv) == Stars{std::string("\0\n\xff ", 4)});
  CHECK(match("\xff?"sv, "\xff\x80"sv));
}

TEST_CASE("words of the search meet", "[glob]") {
  const std::size_t length = GENERATE(std::size_t{1}, 63U, 64U, 65U, 127U, 128U, 129U, 300U);
  std::string needle(length, 'a');
  needle.back() = 'b';
  const std::string text = std::string(500, 'a') + "b" + needle + "tail";
  CHECK(match("*" + needle + "*", text) == Stars{std::string(501 - length, 'a'), needle + "tail"});
  CHECK_FALSE(match("*" + needle + "c*", text));
}

TEST_CASE("it agrees with a matcher that tries everything", "[glob]") {
  std::mt19937 random(4711);  // NOLINT: the same in every run
  for (int i = 0; i < 30'000; ++i) {
    const std::string pattern = random_text(random, "ab?**", 8);
    const std::string text = random_text(random, "abc", 10);
    Stars expected;
    const bool fits = naive(pattern, text, expected);
    INFO('"' << pattern << "\" on \"" << text << '"');
    const auto found = match(pattern, text);
    REQUIRE(found.has_value() == fits);
    if (fits) REQUIRE(*found == expected);
  }
}

TEST_CASE("no pattern makes it slow", "[glob]") {
  constexpr std::size_t size = 100'000;
  const std::string text(size, 'a');
  std::string stars;
  for (int i = 0; i < 128; ++i) stars += "*a";
  const std::string pattern =
      GENERATE_COPY(std::string("*a*a*a*a*b"), stars + "*b", "*" + std::string(500, 'a') + "b*",
                    "*" + std::string(255, 'a') + "?b*a", std::string("*?*?*?b*?"));
  std::size_t steps = 0;
  CHECK_FALSE(Glob(pattern).match(text, steps));
  CHECK(steps <= (pattern.size() / 64 + 1) * size + 2 * pattern.size());
}

#include "daemon/http/compression.hpp"

#include "daemon/base/gzip.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace provisr::daemon;

namespace {

[[nodiscard]] HttpHeaders accepting(std::string codings) {
  HttpHeaders headers;
  headers.add("Accept-Encoding", std::move(codings));
  return headers;
}

[[nodiscard]] std::string coding_of(const HttpAnswer& answer) {
  const auto found =
      std::find_if(answer.headers.begin(), answer.headers.end(),
                   [](const auto& field) { return field.first == "Content-Encoding"; });
  return found == answer.headers.end() ? "" : found->second;
}

/// Returns the size of the original text, which is in the last four bytes (RFC 1952).
[[nodiscard]] std::size_t size_in_trailer(std::string_view packed) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto byte = static_cast<unsigned char>(packed[packed.size() - 4 + i]);
    size += std::size_t{byte} << (8 * i);
  }
  return size;
}

[[nodiscard]] std::string repetitive(std::size_t size) {
  std::string text;
  while (text.size() < size) text += R"({"name":"my-app","cpu_percent":1.5},)";
  text.resize(size);
  return text;
}

struct Pieces {
  std::string all;
  int count = 0;
  std::size_t longest = 0;
};

[[nodiscard]] Pieces pull_all(const HttpSource& source) {
  Pieces pieces;
  for (;;) {
    std::string piece;
    const PullResult pulled = source(piece);
    CHECK_FALSE(piece.empty());
    ++pieces.count;
    pieces.longest = std::max(pieces.longest, piece.size());
    pieces.all += piece;
    if (pulled == PullResult::end) return pieces;
  }
}

}  // namespace

TEST_CASE("a text of some size is gzipped for those who want it", "[compression]") {
  if (!can_gzip()) SKIP("built without zlib");
  const std::string text = repetitive(20'000);
  const HttpAnswer packed = compressed_for(accepting("gzip"), json_answer(text));
  CHECK(coding_of(packed) == "gzip");
  REQUIRE(packed.body != nullptr);
  CHECK(packed.body->size() < text.size() / 20);
  CHECK(size_in_trailer(*packed.body) == text.size());

  for (const char* codings : {"identity", "gzip;q=0", "br", ""}) {
    const HttpAnswer plain = compressed_for(accepting(codings), json_answer(text));
    CHECK(coding_of(plain).empty());
    CHECK(*plain.body == text);
    CHECK(plain.headers.front() == std::pair<std::string, std::string>("Vary", "Accept-Encoding"));
  }
}

TEST_CASE("an answer whose route has chosen its coding stays as it is", "[compression]") {
  if (!can_gzip()) SKIP("built without zlib");
  for (const char* codings : {"gzip", "identity"}) {
    HttpAnswer chosen = json_answer(repetitive(20'000));
    chosen.headers.emplace_back("Vary", "Accept, Accept-Encoding");
    const HttpAnswer answer = compressed_for(accepting(codings), chosen);
    CHECK(answer.headers == chosen.headers);
    CHECK(*answer.body == *chosen.body);
  }
}

TEST_CASE("a long text is compressed piece by piece", "[compression]") {
  if (!can_gzip()) SKIP("built without zlib");
  const std::string text = repetitive(1'000'000);
  const HttpAnswer packed = compressed_for(accepting("gzip"), json_answer(text));
  CHECK(packed.body == nullptr);
  REQUIRE(packed.source);
  const Pieces pieces = pull_all(packed.source);
  CHECK(pieces.count == 16);
  CHECK(pieces.longest < 65'536);
  CHECK(size_in_trailer(pieces.all) == text.size());
}

TEST_CASE("what is made while it is taken is compressed as it comes", "[compression]") {
  if (!can_gzip()) SKIP("built without zlib");
  int asked = 0;
  const HttpAnswer packed = compressed_for(
      accepting("gzip"), streamed_answer("application/json", [&](std::string& piece) {
        piece += ' ';
        return ++asked == 5 ? PullResult::end : PullResult::piece;
      }));
  const Pieces pieces = pull_all(packed.source);
  CHECK(pieces.count == 5);
  CHECK(size_in_trailer(pieces.all) == 5);
}

TEST_CASE("a source that has nothing now has nothing compressed either", "[compression]") {
  if (!can_gzip()) SKIP("built without zlib");
  const HttpAnswer packed = compressed_for(
      accepting("gzip"),
      streamed_answer("application/json", [](std::string&) { return PullResult::later; }));
  std::string piece;
  CHECK(packed.source(piece) == PullResult::later);
  CHECK(piece.empty());
}

TEST_CASE("what is small, coded already, no text, an event or an error stays as it is",
          "[compression]") {
  const std::string text = repetitive(20'000);
  const auto is_left_alone = [](HttpAnswer answer) {
    const std::size_t fields = answer.headers.size();
    return compressed_for(accepting("gzip"), std::move(answer)).headers.size() == fields;
  };
  CHECK(is_left_alone(json_answer(repetitive(1023))));
  CHECK(is_left_alone(error_answer(400, text)));
  CHECK(is_left_alone(shared_answer("image/png", std::make_shared<const std::string>(text))));
  CHECK(is_left_alone(
      streamed_answer("text/event-stream", [](std::string&) { return PullResult::end; })));
  CHECK(is_left_alone(deferred_answer({.begin = [](const HttpCompletion&) {}, .late_text = ""})));
  HttpAnswer coded = text_answer(text);
  coded.headers.emplace_back("Content-Encoding", "gzip");
  CHECK(is_left_alone(std::move(coded)));
}

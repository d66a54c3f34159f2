#pragma once

#include "daemon/http/answer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <string>

namespace provisr::test {

/// Returns the whole body of an answer. Checks that no piece of it is `longest` bytes or longer.
/// The source is asked again at once if it has nothing for now, so it must not wait for other
/// answers.
[[nodiscard]] inline std::string text_of(const daemon::HttpAnswer& answer,
                                         std::size_t longest = 10'000'000) {
  if (!answer.source) return *answer.body;
  std::string text;
  for (daemon::PullResult pulled = daemon::PullResult::piece; pulled != daemon::PullResult::end;) {
    std::string piece;
    pulled = answer.source(piece);
    CHECK(piece.empty() == (pulled == daemon::PullResult::later));
    CHECK(piece.size() < longest);
    text += piece;
  }
  return text;
}

}  // namespace provisr::test

#pragma once

#include "daemon/http/answer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstddef>
#include <string>

namespace provisr::test {

/// Returns the whole body of an answer. Checks that no piece of it is `longest` bytes or longer.
[[nodiscard]] inline std::string text_of(const daemon::HttpAnswer& answer,
                                         std::size_t longest = 10'000'000) {
  if (!answer.source) return *answer.body;
  std::string text;
  for (daemon::PullResult pulled = daemon::PullResult::piece;
       pulled == daemon::PullResult::piece;) {
    std::string piece;
    pulled = answer.source(piece);
    CHECK_FALSE(piece.empty());
    CHECK(piece.size() < longest);
    text += piece;
  }
  return text;
}

}  // namespace provisr::test

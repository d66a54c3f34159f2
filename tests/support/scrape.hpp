#pragma once

#include "daemon/http/router.hpp"

#include <future>
#include <string>
#include <utility>

namespace provisr::test {

/// Returns the answer of a router to a GET request. Waits for it if it is deferred.
[[nodiscard]] inline daemon::HttpAnswer answer_of(const daemon::Router& router,
                                                  daemon::HttpRequest request) {
  request.method = "GET";
  daemon::HttpAnswer answer = router.answer(request);
  if (!answer.deferral.begin) return answer;
  std::promise<daemon::HttpAnswer> promise;
  answer.deferral.begin(
      [&](daemon::HttpAnswer completed) { promise.set_value(std::move(completed)); });
  return promise.get_future().get();
}

/// Returns the text of /metrics.
[[nodiscard]] inline std::string scrape(const daemon::Router& router) {
  daemon::HttpRequest request;
  request.path = "/metrics";
  return *answer_of(router, std::move(request)).body;
}

}  // namespace provisr::test

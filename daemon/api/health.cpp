#include "daemon/api/health.hpp"

#include "daemon/base/duration.hpp"

#include <fmt/format.h>

namespace provisr::daemon {
namespace {

[[nodiscard]] HttpAnswer health_of(const TickWatch* ticks) {
  const auto silence = ticks != nullptr ? ticks->overdue_silence() : std::nullopt;
  if (!silence) return text_answer("ok\n");
  return error_answer(503,
                      fmt::format("the collector has not finished a tick for {}; one is due "
                                  "every {}",
                                  format_elapsed(*silence), format_elapsed(ticks->interval())));
}

}  // namespace

void add_health_route(Router& router, const TickWatch* ticks) {
  router.add({.method = "GET",
              .path = "/healthz",
              .help = "ok, or what is wrong",
              .parameters = {},
              .handler = [ticks](const HttpRequest&) { return health_of(ticks); },
              .access = Access::open});
}

}  // namespace provisr::daemon

#include "daemon/api/health.hpp"

#include "daemon/base/duration.hpp"

#include <fmt/format.h>

#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] HttpAnswer health_on_time(const DiskSilence& disk_silence) {
  constexpr std::chrono::seconds patience{5};
  const auto silence = disk_silence ? disk_silence() : std::nullopt;
  if (!silence || *silence < patience) return text_answer("ok\n");
  return text_answer(fmt::format(
      "ok\nthe disk of state_dir has not answered for {}: what is to outlive provisrd is "
      "not written\n",
      format_elapsed(*silence)));
}

[[nodiscard]] HttpAnswer health_of(const TickWatch* ticks, const DiskSilence& disk_silence) {
  const auto silence = ticks != nullptr ? ticks->time_overdue() : std::nullopt;
  if (!silence) return health_on_time(disk_silence);
  return error_answer(503,
                      fmt::format("the collector has not finished a tick for {}; one is due "
                                  "every {}",
                                  format_elapsed(*silence), format_elapsed(ticks->interval())));
}

}  // namespace

void add_health_route(Router& router, const TickWatch* ticks, DiskSilence disk_silence) {
  router.add({.method = "GET",
              .path = "/healthz",
              .help = "ok, or what is wrong",
              .parameters = {},
              .handler = [ticks, disk_silence = std::move(disk_silence)](
                             const HttpRequest&) { return health_of(ticks, disk_silence); },
              .access = Access::open});
}

}  // namespace provisr::daemon

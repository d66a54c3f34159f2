#include "daemon/api/events.hpp"

#include "daemon/api/parameters.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool wants_ticks(const HttpQuery& query) {
  const std::string ticks = query.find("ticks").value_or("0");
  if (ticks != "0" && ticks != "1") throw Refusal{400, "the parameter \"ticks\" must be 0 or 1"};
  return ticks == "1";
}

/// Ignores an id that is not a number: this server never sends one, and a browser that gets an
/// error does not reconnect.
[[nodiscard]] std::optional<std::uint64_t> last_event_id(const HttpHeaders& headers) {
  const std::string_view text = headers.find("Last-Event-ID").value_or("");
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

[[nodiscard]] HttpAnswer stream(EventHub& hub, const HttpRequest& request) {
  HttpSource source = hub.listen({wants_ticks(request.query), last_event_id(request.headers)});
  if (!source) throw Refusal{503, "too many clients listen to events"};
  HttpAnswer answer = streamed_answer("text/event-stream", std::move(source));
  answer.is_endless = true;
  answer.idle_piece = ": nothing new\n\n";
  answer.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back
  return answer;
}

}  // namespace

void add_events_route(Router& router, const std::string& base_path, EventHub& hub) {
  router.add({.method = "GET",
              .path = base_path + "/events",
              .help = "what happens, as server-sent events",
              .parameters = {{"ticks", "1", Presence::optional}},
              .handler = [&hub](const HttpRequest& request) {
                return answer_or_refuse([&] { return stream(hub, request); });
              }});
}

}  // namespace provisr::daemon

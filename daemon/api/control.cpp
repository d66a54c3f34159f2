#include "daemon/api/control.hpp"

#include "daemon/api/json.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/base/duration.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace provisr::daemon {
namespace {

using Outcome = CommandReply::Outcome;
using Wait = std::optional<std::chrono::milliseconds>;

[[nodiscard]] int status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::accepted:
      return 202;
    case Outcome::done:
      return 200;
    case Outcome::failed:
      return 500;
    case Outcome::unknown:
      return 404;
    case Outcome::foreign:
      return 409;
    case Outcome::busy:
    case Outcome::shutting_down:
      break;
  }
  return 503;
}

[[nodiscard]] HttpAnswer answer_of(const CommandReply& reply) {
  const int status = status_of(reply.outcome);
  if (status >= 300) return error_answer(status, reply.error);
  HttpAnswer answer = json_answer(names_json(reply.names));
  answer.status = status;
  return answer;
}

/// Returns whether the client waits for a later reply.
[[nodiscard]] bool is_awaited(const CommandReply& reply, const Wait& wait) {
  return reply.outcome == Outcome::accepted && wait.has_value();
}

[[nodiscard]] ReplyHandler reply_by(HttpCompletion complete, Wait wait) {
  return [complete = std::move(complete), wait](const CommandReply& reply) {
    if (!is_awaited(reply, wait)) complete([&] { return answer_of(reply); });
  };
}

/// A `wait` of 0 is the same as no `wait`.
[[nodiscard]] Wait wait_of(const HttpQuery& query) {
  const Wait wait = optional_duration(query, "wait", Control::longest_wait);
  return wait && wait->count() > 0 ? wait : std::nullopt;
}

[[nodiscard]] std::string late_text(const Wait& wait) {
  if (!wait) return "the command is not accepted yet; it may still be obeyed";
  return fmt::format("not done within {}; the command stands", format_duration(*wait));
}

}  // namespace

HttpAnswer Control::answer(Command::Verb verb, const HttpQuery& query) const {
  const Target target = required_target(query);
  const Wait wait = wait_of(query);
  const Command command{verb, target.is_base ? Command::Scope::base : Command::Scope::name,
                        target.name};
  return deferred_answer({.begin =
                              [this, command, wait](HttpCompletion complete) {
                                submit_(command, reply_by(std::move(complete), wait));
                              },
                          .time_limit = wait.value_or(acceptance_time),
                          .late_text = late_text(wait)});
}

void Control::add_routes(Router& router, const std::string& base_path) {
  const auto add = [&](std::string_view path, std::string help, Command::Verb verb) {
    router.add({.method = "POST",
                .path = base_path + std::string(path),
                .help = std::move(help),
                .parameters = {{"name", "NAME", Presence::optional},
                               {"base", "BASE", Presence::optional},
                               {"wait", "10s", Presence::optional}},
                .handler =
                    [this, verb](const HttpRequest& request) {
                      return answer_or_refuse([&] { return answer(verb, request.query); });
                    },
                .access = Access::control});
  };
  add("/start", "starts it, or all of BASE", Command::Verb::start);
  add("/stop", "stops it; it stays stopped until it is started", Command::Verb::stop);
  add("/restart", "stops and starts it", Command::Verb::restart);
}

}  // namespace provisr::daemon

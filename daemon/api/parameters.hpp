#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"

#include <provisr/process_metrics.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// What handlers read of a query. Each throws Refusal for a value that is wrong.
namespace provisr::daemon {

/// A request that cannot be answered as asked.
struct Refusal {
  int status;
  std::string text;
};

/// The name of a process or a base; empty if the parameter is missing.
[[nodiscard]] std::optional<std::string> optional_name(const HttpQuery& query,
                                                       std::string_view parameter);

/// The same of a parameter that must not be missing.
[[nodiscard]] std::string required_name(const HttpQuery& query, std::string_view parameter);

/// Which processes a request is about: one, or all of a base.
struct Target {
  bool is_base = false;
  std::string name;
};

/// By "name" or "base"; empty if both are missing. There must not be both.
[[nodiscard]] std::optional<Target> optional_target(const HttpQuery& query);
/// By exactly one of them.
[[nodiscard]] Target required_target(const HttpQuery& query);

/// A duration of at most `most`; empty if the parameter is missing.
[[nodiscard]] std::optional<std::chrono::milliseconds> optional_duration(
    const HttpQuery& query, std::string_view parameter, std::chrono::milliseconds most);

/// A moment, as RFC 3339 or as an age such as "-5m"; empty if the parameter is missing.
[[nodiscard]] std::optional<Timestamp> optional_time(const HttpQuery& query,
                                                     std::string_view parameter);

/// What the handler answers, or the error that it refuses with.
template <class Handler>
[[nodiscard]] HttpAnswer answer_or_refuse(Handler&& handler) {
  try {
    return handler();
  } catch (const Refusal& refusal) {
    return error_answer(refusal.status, refusal.text);
  }
}

}  // namespace provisr::daemon

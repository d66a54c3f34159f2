#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"

#include <provisr/process_metrics.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Functions that read the parameters of a query. Each throws Refusal if a value is invalid.
namespace provisr::daemon {

/// A request that cannot be answered as asked.
struct Refusal {
  int status;
  std::string text;
};

/// Returns the name of a process or a base; empty if the parameter is missing.
[[nodiscard]] std::optional<std::string> optional_name(const HttpQuery& query,
                                                       std::string_view parameter);

/// Like optional_name(), but throws Refusal if the parameter is missing.
[[nodiscard]] std::string required_name(const HttpQuery& query, std::string_view parameter);

/// The processes that a request is about: one, or all of a base.
struct Target {
  bool is_base = false;
  std::string name;
};

/// Returns the "name" or "base" of a query; empty if both are missing, a Refusal if both are given.
[[nodiscard]] std::optional<Target> optional_target(const HttpQuery& query);
/// Returns the target given by exactly one of them.
[[nodiscard]] Target required_target(const HttpQuery& query);

/// Returns the Refusal if there is no such process.
[[nodiscard]] Refusal unknown(const Target& target);

/// Returns a duration of at most `most`; empty if the parameter is missing.
[[nodiscard]] std::optional<std::chrono::milliseconds> optional_duration(
    const HttpQuery& query, std::string_view parameter, std::chrono::milliseconds most);

/// Returns a time given as RFC 3339 or as an age such as "-5m"; empty if the parameter is missing.
[[nodiscard]] std::optional<Timestamp> optional_time(const HttpQuery& query,
                                                     std::string_view parameter);

/// Returns the handler's answer, or the error of the Refusal that it throws.
template <class Handler>
[[nodiscard]] HttpAnswer answer_or_refuse(Handler&& handler) {
  try {
    return handler();
  } catch (const Refusal& refusal) {
    return error_answer(refusal.status, refusal.text);
  }
}

}  // namespace provisr::daemon

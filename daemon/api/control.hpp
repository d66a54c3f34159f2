#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/router.hpp"
#include "daemon/supervisor/command.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace provisr::daemon {

/// The routes that start, stop and restart processes. They submit a command to the supervisor and
/// answer when it replies. No thread waits. Thread-safe.
class Control {
 public:
  /// As Supervisor::submit().
  using Submit = std::function<void(Command, ReplyHandler)>;

  /// The longest `wait` that a request may ask for.
  static constexpr std::chrono::minutes longest_wait{10};
  /// How long the supervisor may take to accept a command, or to refuse it.
  static constexpr std::chrono::seconds acceptance_time{10};

  explicit Control(Submit submit) : submit_(std::move(submit)) {}

  /// Adds "/start", "/stop" and "/restart" below `base_path`. The object must outlive the router.
  void add_routes(Router& router, const std::string& base_path);

 private:
  [[nodiscard]] HttpAnswer answer(Command::Verb verb, const HttpQuery& query) const;

  Submit submit_;
};

}  // namespace provisr::daemon

#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/deferred.hpp"
#include "daemon/http/engine.hpp"
#include "daemon/http/limits.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/request_reader.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// What a connection needs from its server.
class ConnectionOwner {
 public:
  virtual HttpAnswer answer(const HttpRequest& request) = 0;
  virtual void count_answer(int status) = 0;
  virtual HttpEngine& engine() = 0;
  /// Whether a connection may stay open after its answers.
  [[nodiscard]] virtual bool keeps_connections() const = 0;
  /// Returns a ticket for one more pending answer; empty if too many are pending already.
  virtual std::optional<Ticket> open_ticket() = 0;
  /// Returns a function that leads to complete() of the connection that holds the ticket.
  virtual HttpCompletion completion_of(Ticket ticket) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// HTTP/1.x on one connection, without the socket: received bytes and times go in, bytes to send
/// come out.
///
/// Answers requests in order. Reads nothing from a client that does not take its answer.
///
///     idle -> request -> answer -> idle ...        one request at a time
///             request -> deferred -> answer        an answer that another thread completes
///                        answer -> waiting -> answer   a source that has nothing for now
///                        answer -> closing -> over     after the last answer
class Connection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class Phase {
    idle,      ///< no request has begun
    request,   ///< a request has begun to arrive
    answer,    ///< there are bytes to send
    waiting,   ///< the source of the answer has nothing now
    deferred,  ///< the answer is not known yet
    closing,   ///< all is sent; discards input until the client closes
    over,      ///< the socket must be closed
  };
  static constexpr std::size_t phase_count = 7;

  Connection(const HttpLimits& limits, ConnectionOwner& owner, TimePoint now);

  [[nodiscard]] Phase phase() const { return phase_; }
  /// Returns when this phase began.
  [[nodiscard]] TimePoint since() const { return since_; }
  /// Returns when to call deadline_passed(); empty if there is no deadline.
  [[nodiscard]] std::optional<TimePoint> deadline() const;

  void received(std::string_view bytes, TimePoint now);
  void input_ended(TimePoint now);
  void deadline_passed(TimePoint now);
  /// Asks the source again if it returned PullResult::later.
  void wake_source(TimePoint now);

  /// Returns whether the answer has no end of its own, so that nobody waits for it.
  [[nodiscard]] bool is_endless() const { return source_ && is_endless_; }

  /// Returns the ticket of the pending answer; empty unless the answer is deferred.
  [[nodiscard]] std::optional<Ticket> ticket() const { return ticket_; }
  void complete(HttpAnswer answer, TimePoint now);

  /// Returns whether the connection accepts input now. While an answer is incomplete, it buffers no
  /// more than one request may have.
  [[nodiscard]] bool takes_input() const;

  /// Returns the bytes to send next, in up to two parts; empty in all phases except `answer`.
  [[nodiscard]] std::span<const std::string_view> output();
  void sent(std::size_t bytes, TimePoint now);

 private:
  void enter(Phase phase, TimePoint now);
  [[nodiscard]] bool goes_on(bool is_asked_to) const;
  void advance(TimePoint now);
  void begin(HttpReply reply, TimePoint now);
  void defer(HttpReply reply, bool is_http_1_0, TimePoint now);
  void begin_refusal(int status, std::string_view text, TimePoint now);
  void answer_taken(TimePoint now);
  void pull(TimePoint now);
  void send_idle_piece(TimePoint now);
  void append_piece(std::string_view piece);
  [[nodiscard]] std::size_t output_size() const;

  const HttpLimits* limits_;
  ConnectionOwner* owner_;
  RequestReader reader_;
  Phase phase_ = Phase::idle;
  TimePoint since_;
  bool has_input_ended_ = false;
  std::size_t discarded_ = 0;

  // The deferred answer.
  std::optional<Ticket> ticket_;
  TimePoint complete_until_;
  std::string late_text_;
  bool is_http_1_0_ = false;

  // The answer being sent.
  bool is_head_request_ = false;
  bool keeps_alive_ = true;
  Framing framing_ = Framing::length;
  std::string head_;                         ///< the header, or a piece of the source
  std::shared_ptr<const std::string> body_;  ///< sent after head_; may be null
  HttpSource source_;
  bool is_endless_ = false;
  std::string idle_piece_;
  std::size_t sent_ = 0;  ///< bytes of head_ and body_
  std::array<std::string_view, 2> parts_;
};

}  // namespace provisr::daemon

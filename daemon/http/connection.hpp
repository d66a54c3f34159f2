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

/// What a connection asks its server.
class ConnectionOwner {
 public:
  virtual HttpAnswer answer(const HttpRequest& request) = 0;
  virtual void count_answer(int status) = 0;
  virtual HttpEngine& engine() = 0;
  /// Whether a connection may go on behind its answers.
  [[nodiscard]] virtual bool keeps_connections() const = 0;
  /// For one more answer to wait for; empty if too many are waited for already.
  virtual std::optional<Ticket> open_ticket() = 0;
  /// What leads to Connection::complete() of the connection that holds the ticket.
  virtual HttpCompletion completion_of(Ticket ticket) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// HTTP/1.x on one connection, without the socket: bytes and moments go in, bytes come out.
///
/// Requests are answered in order; nothing is read from a client that does not take its answer.
///
///     idle -> request -> answer -> idle ...        a request at a time
///             request -> deferred -> answer        an answer that somebody else completes
///                        answer -> waiting -> answer   a source that has nothing for now
///                        answer -> closing -> over     after the last answer
class Connection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  enum class Phase {
    idle,      ///< no request has begun
    request,   ///< one has begun to arrive
    answer,    ///< there are bytes for the client to take
    waiting,   ///< the source of an answer has nothing now
    deferred,  ///< the answer is not known yet
    closing,   ///< all is said: input is discarded until the client ends, too
    over,      ///< the socket is to be closed
  };
  static constexpr std::size_t phase_count = 7;

  Connection(const HttpLimits& limits, ConnectionOwner& owner, TimePoint now);

  [[nodiscard]] Phase phase() const { return phase_; }
  /// When this phase began.
  [[nodiscard]] TimePoint since() const { return since_; }
  /// When deadline_passed() is due; empty for no deadline.
  [[nodiscard]] std::optional<TimePoint> deadline() const;

  void received(std::string_view bytes, TimePoint now);
  void input_ended(TimePoint now);
  void deadline_passed(TimePoint now);
  /// Asks the source again if it said "later".
  void wake_source(TimePoint now);

  /// The answer that is waited for; only while it is deferred.
  [[nodiscard]] std::optional<Ticket> ticket() const { return ticket_; }
  void complete(HttpAnswer answer, TimePoint now);

  /// Whether received() is of use now: what follows an answer that is not complete is kept, but
  /// only as much as one request may have.
  [[nodiscard]] bool takes_input() const;

  /// What to send next, in two parts; empty in all phases but `answer`.
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
  void show_life(TimePoint now);
  void append_piece(std::string_view piece);
  [[nodiscard]] std::size_t output_size() const;

  const HttpLimits* limits_;
  ConnectionOwner* owner_;
  RequestReader reader_;
  Phase phase_ = Phase::idle;
  TimePoint since_;
  bool has_input_ended_ = false;
  std::size_t discarded_ = 0;

  // An answer that is deferred.
  std::optional<Ticket> ticket_;
  TimePoint complete_until_;
  std::string late_text_;
  bool is_http_1_0_ = false;

  // The answer under way.
  bool is_head_request_ = false;
  bool keeps_alive_ = true;
  Framing framing_ = Framing::length;
  std::string head_;                         ///< the header, or a piece of the source
  std::shared_ptr<const std::string> body_;  ///< behind head_; may be null
  HttpSource source_;
  std::string idle_piece_;
  std::size_t sent_ = 0;  ///< of head_ and body_
  std::array<std::string_view, 2> parts_;
};

}  // namespace provisr::daemon

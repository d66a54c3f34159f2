#include "daemon/http/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

namespace provisr::daemon {
namespace {

/// How many bytes are discarded if a client goes on sending after the last answer. Closing the
/// socket at once would make the system reset the connection, and the client might lose the answer.
constexpr std::size_t max_discarded = std::size_t{1} << 20U;

}  // namespace

Connection::Connection(const HttpLimits& limits, ConnectionOwner& owner, TimePoint now)
    : limits_(&limits), owner_(&owner), reader_(limits), since_(now) {}

std::optional<Connection::TimePoint> Connection::deadline() const {
  switch (phase_) {
    case Phase::idle:
      return since_ + limits_->idle_time;
    case Phase::request:
      return since_ + limits_->request_time;
    case Phase::answer:
      return since_ + limits_->answer_time;
    case Phase::closing:
      return since_ + limits_->closing_time;
    case Phase::deferred:
      return complete_until_;
    case Phase::waiting:
      return since_ + (has_input_ended_ ? limits_->closing_time : limits_->source_idle);
    case Phase::over:
      break;
  }
  return std::nullopt;
}

void Connection::received(std::string_view bytes, TimePoint now) {
  if (phase_ == Phase::over) return;
  if (phase_ == Phase::closing) {
    discarded_ += bytes.size();
    if (discarded_ > max_discarded) enter(Phase::over, now);
    return;
  }
  reader_.append(bytes);
  advance(now);
}

bool Connection::takes_input() const {
  const bool is_behind_an_answer = phase_ == Phase::waiting || phase_ == Phase::deferred;
  return !is_behind_an_answer || (!has_input_ended_ && !reader_.is_full());
}

/// A client that ends its input while its answer is not ready may be gone, or may only have closed
/// its sending side. It gets a little more time.
void Connection::input_ended(TimePoint now) {
  has_input_ended_ = true;
  if (phase_ == Phase::deferred) {
    complete_until_ = std::min(complete_until_, now + limits_->closing_time);
  } else if (phase_ == Phase::waiting && !is_endless_) {
    enter(Phase::waiting, now);
  } else if (phase_ != Phase::answer) {
    enter(Phase::over, now);
  }
}

void Connection::deadline_passed(TimePoint now) {
  if (phase_ == Phase::request) {
    begin_refusal(408, "the request did not arrive whole in time", now);
  } else if (phase_ == Phase::deferred && !has_input_ended_) {
    complete(error_answer(504, late_text_), now);
  } else if (phase_ == Phase::waiting && !has_input_ended_) {
    send_idle_piece(now);
  } else {
    enter(Phase::over, now);
  }
}

void Connection::wake_source(TimePoint now) {
  if (phase_ == Phase::waiting) pull(now);
}

void Connection::complete(HttpAnswer answer, TimePoint now) {
  if (phase_ != Phase::deferred) return;
  ticket_.reset();
  const bool keeps_alive = goes_on(keeps_alive_);
  begin(owner_->engine().reply_with(std::move(answer), keeps_alive, is_http_1_0_), now);
}

void Connection::enter(Phase phase, TimePoint now) {
  phase_ = phase;
  since_ = now;
}

/// Pipelined requests that have arrived are answered, too.
bool Connection::goes_on(bool is_asked_to) const {
  return is_asked_to && (owner_->keeps_connections() || !reader_.is_empty());
}

/// Begins the next answer if a whole request has arrived.
void Connection::advance(TimePoint now) {
  if (phase_ == Phase::answer || phase_ == Phase::waiting || phase_ == Phase::deferred) return;
  RequestReader::Result next = reader_.next();
  if (auto* const framed = std::get_if<FramedRequest>(&next)) {
    is_head_request_ = framed->request.method == "HEAD";
    const bool is_http_1_0 = framed->is_http_1_0;
    framed->keeps_alive = goes_on(framed->keeps_alive);
    const auto handler = [this](const HttpRequest& request) { return owner_->answer(request); };
    HttpReply reply = owner_->engine().reply(std::move(*framed), handler);
    if (reply.answer.deferral.begin) return defer(std::move(reply), is_http_1_0, now);
    return begin(std::move(reply), now);
  }
  if (const auto* const refused = std::get_if<RefusedRequest>(&next)) {
    return begin_refusal(refused->status, refused->text, now);
  }
  if (has_input_ended_) return enter(Phase::over, now);
  const Phase phase = reader_.is_empty() ? Phase::idle : Phase::request;
  if (phase != phase_) enter(phase, now);
}

void Connection::begin_refusal(int status, std::string_view text, TimePoint now) {
  is_head_request_ = reader_.is_head_request();
  begin(owner_->engine().last_reply(error_answer(status, text)), now);
}

void Connection::begin(HttpReply reply, TimePoint now) {
  HttpAnswer& answer = reply.answer;
  owner_->count_answer(answer.status);
  framing_ = reply.framing;
  keeps_alive_ = reply.keeps_alive;
  head_ = std::move(reply.head);
  sent_ = 0;
  body_ = is_head_request_ || answer.source ? nullptr : std::move(answer.body);
  source_ = is_head_request_ ? nullptr : std::move(answer.source);
  is_endless_ = answer.is_endless;
  idle_piece_ = std::move(answer.idle_piece);
  enter(Phase::answer, now);
}

/// Ignores the head of the reply because the real answer is not known yet.
void Connection::defer(HttpReply reply, bool is_http_1_0, TimePoint now) {
  const HttpDeferral deferral = std::move(reply.answer.deferral);
  keeps_alive_ = reply.keeps_alive;
  is_http_1_0_ = is_http_1_0;
  late_text_ = deferral.late_text;
  complete_until_ = now + deferral.time_limit;
  enter(Phase::deferred, now);
  ticket_ = owner_->open_ticket();
  if (!ticket_) return complete(error_answer(503, "too many requests wait for their answers"), now);
  deferral.begin(owner_->completion_of(*ticket_));
}

std::size_t Connection::output_size() const {
  return head_.size() + (body_ ? body_->size() : 0);
}

std::span<const std::string_view> Connection::output() {
  if (phase_ != Phase::answer) return {};
  const std::string_view body = body_ ? std::string_view(*body_) : std::string_view();
  const std::string_view head(head_);
  if (sent_ < head.size()) {
    parts_ = {head.substr(sent_), body};
    return {parts_.data(), body.empty() ? std::size_t{1} : std::size_t{2}};
  }
  parts_[0] = body.substr(sent_ - head.size());
  return {parts_.data(), 1};
}

void Connection::sent(std::size_t bytes, TimePoint now) {
  sent_ += bytes;
  if (sent_ < output_size()) return;
  head_ = std::string();
  body_ = nullptr;
  sent_ = 0;
  if (source_) return pull(now);
  answer_taken(now);
}

void Connection::answer_taken(TimePoint now) {
  if (!keeps_alive_) return enter(has_input_ended_ ? Phase::over : Phase::closing, now);
  enter(Phase::idle, now);
  advance(now);
}

/// Fetches the next piece of the source as output.
void Connection::pull(TimePoint now) {
  std::string piece;
  const PullResult pulled = source_(piece);
  if (!piece.empty()) append_piece(piece);
  if (pulled == PullResult::end) {
    source_ = nullptr;
    if (framing_ == Framing::chunks) head_ += "0\r\n\r\n";
  }
  if (!head_.empty()) return enter(Phase::answer, now);
  if (pulled == PullResult::end) return answer_taken(now);
  if (phase_ != Phase::waiting) enter(Phase::waiting, now);
}

/// Sends something so that proxies between here and the client keep the connection.
void Connection::send_idle_piece(TimePoint now) {
  if (idle_piece_.empty()) return enter(Phase::waiting, now);
  append_piece(idle_piece_);
  enter(Phase::answer, now);
}

void Connection::append_piece(std::string_view piece) {
  if (framing_ == Framing::close) {
    head_ += piece;
    return;
  }
  fmt::format_to(std::back_inserter(head_), "{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace provisr::daemon

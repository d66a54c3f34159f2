// Any bytes from a client of the HTTP server, which sends and reads in pieces of any size. The
// first byte seeds the sizes of the pieces, the rest is what the client sends.
#include "daemon/http/connection.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

using namespace provisr::daemon;

namespace {

constexpr HttpLimits limits;

void check(bool holds) {
  if (!holds) std::abort();
}

/// Answers with a text, a shared text, a source or later, depending on the length of the path.
class Owner final : public ConnectionOwner {
 public:
  HttpAnswer answer(const HttpRequest& request) override {
    switch (request.path.size() % 4) {
      case 3:
        return deferred_answer({.begin = [](const HttpCompletion&) {},
                                .time_limit = std::chrono::seconds(1),
                                .late_text = "late"});
      case 0:
        return text_answer(request.method + request.path);
      case 1:
        return shared_answer("text/plain", shared_);
      default:
        return streamed_answer("text/plain", [left = 3](std::string& piece) mutable {
          if (left-- == 0) return PullResult::end;
          if (left == 1) return PullResult::later;
          piece = "a piece";
          return PullResult::piece;
        });
    }
  }
  void count_answer(int status) override {
    check(status >= 200 && status < 600);
    ++answers_;
  }
  HttpEngine& engine() override { return engine_; }
  bool keeps_connections() const override { return answers_ % 8 != 7; }
  std::optional<Ticket> open_ticket() override { return ++last_ticket_; }
  HttpCompletion completion_of(Ticket) override {
    return [](const HttpAnswer&) {};
  }

  [[nodiscard]] std::size_t answers() const { return answers_; }

 private:
  HttpEngine engine_;
  std::shared_ptr<const std::string> shared_ = std::make_shared<const std::string>(300, 's');
  std::size_t answers_ = 0;
  Ticket last_ticket_ = 0;
};

/// Checks that the head of an answer gives one way to find the end of the body.
void check_head(std::string_view head) {
  check(head.starts_with("HTTP/1.1 "));
  check(head.ends_with("\r\n\r\n"));
  check(head.find("\r\n\r\n") == head.size() - 4);
  check(head.find('\0') == std::string_view::npos);
  const auto has = [head](std::string_view field) { return head.find(field) != head.npos; };
  const bool is_closed = has("\r\nConnection: close\r\n");
  check(is_closed != has("\r\nConnection: keep-alive\r\n"));
  const bool has_length = has("\r\nContent-Length: ");
  const bool is_chunked = has("\r\nTransfer-Encoding: chunked\r\n");
  check(!(has_length && is_chunked));
  check(has_length || is_chunked || is_closed);
}

class Client {
 public:
  Client(std::uint32_t seed, std::string_view bytes) : random_(seed), to_send_(bytes) {}

  void run() {
    using Phase = Connection::Phase;
    while (connection_.phase() != Phase::over && !has_stalled_) {
      now_ += std::chrono::milliseconds(1);
      if (connection_.phase() == Phase::answer) {
        take();
      } else if (connection_.phase() == Phase::waiting) {
        connection_.wake_source(now_);
      } else if (connection_.phase() == Phase::deferred && (random_ & 1U) != 0) {
        connection_.complete(owner_.answer({}), now_);
      } else if (!to_send_.empty()) {
        send();
      } else {
        end();
      }
      check(connection_.output().empty() == (connection_.phase() != Phase::answer));
    }
    check(has_stalled_ || connection_.output().empty());
  }

 private:
  [[nodiscard]] std::size_t piece(std::size_t most) {
    random_ = random_ * 1664525U + 1013904223U;
    const std::size_t longest = (random_ >> 8U & 3U) == 0 ? most : 17;
    return std::min<std::size_t>(most, 1 + (random_ >> 16U) % longest);
  }

  void send() {
    const std::string_view bytes = to_send_.substr(0, piece(to_send_.size()));
    to_send_.remove_prefix(bytes.size());
    connection_.received(bytes, now_);
  }

  void take() {
    const auto parts = connection_.output();
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    if (owner_.answers() != seen_answers_) check_head(parts.front());
    seen_answers_ = owner_.answers();
    connection_.sent(piece(size), now_);
  }

  /// Ends the client's input. If the server then keeps the connection open, lets its deadline pass.
  void end() {
    if (!has_ended_) {
      has_ended_ = true;
      return connection_.input_ended(now_);
    }
    const auto deadline = connection_.deadline();
    has_stalled_ = !deadline;
    if (!deadline) return;
    now_ = std::max(now_, *deadline);
    connection_.deadline_passed(now_);
  }

  std::uint32_t random_;
  std::string_view to_send_;
  Owner owner_;
  Connection::TimePoint now_{};
  Connection connection_{limits, owner_, now_};
  std::size_t seen_answers_ = 0;
  bool has_ended_ = false;
  bool has_stalled_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  Client(data[0], bytes).run();
  return 0;
}

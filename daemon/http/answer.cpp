#include "daemon/http/answer.hpp"

#include "daemon/base/json_text.hpp"

namespace provisr::daemon {
namespace {

[[nodiscard]] HttpAnswer answer_of(std::string_view content_type, std::string text) {
  return {.status = 200,
          .content_type = std::string(content_type),
          .body = std::make_shared<const std::string>(std::move(text)),
          .headers = {}};
}

}  // namespace

HttpAnswer json_answer(std::string text) {
  return answer_of("application/json", std::move(text));
}

HttpAnswer text_answer(std::string text) {
  return answer_of("text/plain; charset=utf-8", std::move(text));
}

HttpAnswer error_answer(int status, std::string_view text) {
  JsonText json;
  json.object([&] { json.member("error", text); });
  HttpAnswer answer = json_answer(json.str());
  answer.status = status;
  return answer;
}

}  // namespace provisr::daemon

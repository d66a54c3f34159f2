#include "daemon/http/answer.hpp"

#include "daemon/base/json_text.hpp"

namespace provisr::daemon {

HttpAnswer shared_answer(std::string_view content_type, std::shared_ptr<const std::string> body) {
  HttpAnswer answer;
  answer.content_type = content_type;
  answer.body = std::move(body);
  return answer;
}

HttpAnswer streamed_answer(std::string_view content_type, HttpSource source) {
  HttpAnswer answer;
  answer.content_type = content_type;
  answer.source = std::move(source);
  return answer;
}

HttpAnswer deferred_answer(HttpDeferral deferral) {
  HttpAnswer answer;
  answer.deferral = std::move(deferral);
  return answer;
}

HttpAnswer json_answer(std::string text) {
  return shared_answer("application/json", std::make_shared<const std::string>(std::move(text)));
}

HttpAnswer text_answer(std::string text) {
  return shared_answer("text/plain; charset=utf-8",
                       std::make_shared<const std::string>(std::move(text)));
}

HttpAnswer error_answer(int status, std::string_view text) {
  JsonText json;
  json.object([&] { json.member("error", text); });
  HttpAnswer answer = json_answer(json.str());
  answer.status = status;
  return answer;
}

}  // namespace provisr::daemon

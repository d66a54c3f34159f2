#include "daemon/http/message.hpp"

#include "daemon/base/json_text.hpp"

namespace provisr::daemon {

HttpAnswer json_answer(std::string text) {
  return {.status = 200,
          .content_type = "application/json",
          .body = std::make_shared<const std::string>(std::move(text))};
}

HttpAnswer error_answer(int status, std::string_view text) {
  JsonText json;
  json.object([&] { json.member("error", text); });
  HttpAnswer answer = json_answer(json.str());
  answer.status = status;
  return answer;
}

}  // namespace provisr::daemon

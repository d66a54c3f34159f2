#include "daemon/http.hpp"

#include "daemon/json.hpp"

namespace provisr::daemon {

HttpAnswer json_answer(std::string text) {
  return {.status = 200,
          .content_type = "application/json",
          .body = std::make_shared<const std::string>(std::move(text))};
}

HttpAnswer error_answer(int status, std::string_view text) {
  HttpAnswer answer = json_answer(error_json(text));
  answer.status = status;
  return answer;
}

}  // namespace provisr::daemon

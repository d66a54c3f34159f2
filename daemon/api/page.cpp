#include "daemon/api/page.hpp"

#include "daemon/api/web_files.hpp"
#include "daemon/http/answer.hpp"
#include "daemon/http/negotiation.hpp"
#include "daemon/http/request.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

constexpr std::string_view page_name = "index.html";
/// No other site may frame the page, because a click on it can control processes.
constexpr std::string_view security_policy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Returns whether Accept names text/html, as browsers do. "*/*" does not count.
[[nodiscard]] bool names_html(const HttpRequest& request) {
  const std::vector<Preference> accept = preferences(request.headers, "Accept");
  return std::any_of(accept.begin(), accept.end(), [](const Preference& range) {
    return range.value == "text/html" && range.quality > 0;
  });
}

[[nodiscard]] bool wants_plain_text(const HttpRequest& request) {
  const std::vector<Preference> accept = preferences(request.headers, "Accept");
  const Suitability plain = suitability_of({"text", "plain", {{"charset", "utf-8"}}}, accept);
  const Suitability html = suitability_of({"text", "html", {{"charset", "utf-8"}}}, accept);
  if (plain.quality != html.quality) return plain.quality > html.quality;
  return plain.quality > 0 && plain.specificity > html.specificity;
}

[[nodiscard]] std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

void put_in(std::string& text, std::string_view place, std::string_view value) {
  const std::size_t at = text.find(place);
  if (at != std::string::npos) text.replace(at, place.size(), value);
}

/// Returns the page for an API below `base_path`. It shows `routes` to users without JavaScript.
[[nodiscard]] std::string page_text(std::string_view base_path, std::string_view routes) {
  const auto page = std::find_if(web_files.begin(), web_files.end(),
                                 [](const WebFile& file) { return file.name == page_name; });
  if (page == web_files.end()) throw std::logic_error("the page is not embedded");
  std::string text(page->text);
  put_in(text, "{{base_path}}", escaped(base_path));
  put_in(text, "{{routes}}", escaped(routes));
  return text;
}

[[nodiscard]] HttpAnswer with_policy(HttpAnswer answer) {
  answer.headers.emplace_back("Content-Security-Policy", security_policy);
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
  return answer;
}

[[nodiscard]] HttpAnswer page_answer(std::string text) {
  return with_policy(shared_answer("text/html; charset=utf-8",
                                   std::make_shared<const std::string>(std::move(text))));
}

/// A browser shows the body of a 401, and this body asks for the token.
[[nodiscard]] HttpAnswer page_without_token(const HttpRequest& request, HttpAnswer refusal,
                                            const std::string& base_path) {
  if (refusal.status != 401 || !names_html(request)) return refusal;
  HttpAnswer answer = page_answer(page_text(base_path, ""));
  answer.status = refusal.status;
  std::move(refusal.headers.begin(), refusal.headers.end(), std::back_inserter(answer.headers));
  return answer;
}

void add_file(Router& router, const WebFile& file) {
  router.add({.method = "GET",
              .path = "/web/" + std::string(file.name),
              .help = "a part of the page",
              .parameters = {},
              .handler =
                  [&file](const HttpRequest&) {
                    return with_policy(shared_answer(
                        file.content_type, std::make_shared<const std::string>(file.text)));
                  },
              .access = Access::open,
              .is_listed = false});
}

}  // namespace

void add_page_routes(Router& router, const std::string& base_path) {
  router.add({.method = "GET",
              .path = "/",
              .help = "the page; as text/plain, this list",
              .parameters = {},
              .handler =
                  [&router, base_path](const HttpRequest& request) {
                    return wants_plain_text(request)
                               ? text_answer(router.index())
                               : page_answer(page_text(base_path, router.index()));
                  },
              .when_refused =
                  [base_path](const HttpRequest& request, HttpAnswer refusal) {
                    return page_without_token(request, std::move(refusal), base_path);
                  }});
  for (const WebFile& file : web_files) {
    if (file.name != page_name) add_file(router, file);
  }
}

}  // namespace provisr::daemon

#include "modes.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace provisr::child;

namespace {

long parse_number(std::string_view text) {
  long number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size() || number < 0) {
    throw std::invalid_argument("not a number: '" + std::string(text) + "'");
  }
  return number;
}

void check_request(const Mode& mode, const Request& request) {
  const std::size_t given = request.numbers.size();
  if (given < mode.numbers.least || given > mode.numbers.most) {
    throw std::invalid_argument("wrong number of arguments: " + std::to_string(given));
  }
  for (const std::string_view option : request.options) {
    if (std::find(mode.options.begin(), mode.options.end(), option) == mode.options.end()) {
      throw std::invalid_argument("unknown option: " + std::string(option));
    }
  }
}

Request parse_request(const Mode& mode, std::span<char*> arguments) {
  Request request;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--seconds" && i + 1 < arguments.size()) {
      request.lifetime = std::chrono::seconds(parse_number(arguments[++i]));
    } else if (argument.starts_with("--")) {
      request.options.push_back(argument);
    } else {
      request.numbers.push_back(parse_number(argument));
    }
  }
  check_request(mode, request);
  return request;
}

const Mode* find_mode(std::string_view name) {
  for (const Mode& mode : modes()) {
    if (name == mode.name) return &mode;
  }
  return nullptr;
}

int print_usage() {
  std::fputs("usage: provisr_child MODE ARGUMENT... [--seconds N]   (N: 60 unless given)\n",
             stderr);
  for (const Mode& mode : modes()) {
    std::fprintf(stderr, "  %-10s%-18s%s\n", mode.name, mode.arguments, mode.effect);
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  const Mode* mode = arguments.size() > 1 ? find_mode(arguments[1]) : nullptr;
  if (mode == nullptr) return print_usage();
  try {
    return mode->run(parse_request(*mode, arguments.subspan(2)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "provisr_child %s: %s\n", argv[1], error.what());
    return 2;
  }
}

#include "daemon/config/document.hpp"

#include "daemon/config/nesting.hpp"

#include <fmt/format.h>

namespace provisr::daemon {

std::optional<toml::table> parse_document(std::string_view text, std::string_view file,
                                          Report& report) {
  if (const std::size_t line = line_nested_too_deeply(text); line != 0) {
    report.fault({line, "", file}, fmt::format("is nested more than {} levels deep", max_nesting));
    return std::nullopt;
  }
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    report.fault({error.source().begin.line, "", file},
                 fmt::format("syntax error: {}", error.description()));
  }
  return std::nullopt;
}

}  // namespace provisr::daemon

#pragma once

#include "daemon/http/request.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// One element of Accept or Accept-Encoding: a value, its parameters, and how much it is wanted.
struct Preference {
  using Parameter = std::pair<std::string, std::string>;

  std::string value;                  ///< in lower case: "text/plain", "gzip", "*"
  std::vector<Parameter> parameters;  ///< without q; names in lower case, values without quotes
  int quality = 1000;                 ///< q in thousandths; 0: not wanted

  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

/// Returns the elements of all fields named `field`, in order (RFC 9110, 5.6.6 and 12.4.2). Leaves
/// out malformed elements. Takes linear time.
[[nodiscard]] std::vector<Preference> preferences(const HttpHeaders& headers,
                                                  std::string_view field);

/// A media type that the server can send, in lower case.
struct MediaType {
  std::string_view type;     ///< "text"
  std::string_view subtype;  ///< "plain"
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
};

/// How well an offer suits a client: greater is better.
struct Suitability {
  int quality = 0;                    ///< 0: not acceptable
  std::size_t specificity = 0;        ///< of the range: any, a type, a subtype, parameters
  std::ptrdiff_t precedence = 0;      ///< 0 for the first element, -1 for the second ...
  const Preference* range = nullptr;  ///< the range that matched, or null

  friend bool operator<(const Suitability& a, const Suitability& b) {
    if (a.quality != b.quality) return a.quality < b.quality;
    if (a.specificity != b.specificity) return a.specificity < b.specificity;
    return a.precedence < b.precedence;
  }
};

/// Returns the suitability by the most specific range of `accept` that matches (RFC 9110, 12.5.1).
/// Ignores the parameter `ignored` of ranges. If `accept` is empty, everything is acceptable.
[[nodiscard]] Suitability suitability_of(const MediaType& offer,
                                         const std::vector<Preference>& accept,
                                         std::string_view ignored = {});

/// Returns whether the client wants gzip at least as much as no coding (RFC 9110, 12.5.3).
[[nodiscard]] bool wants_gzip(const HttpHeaders& headers);

}  // namespace provisr::daemon

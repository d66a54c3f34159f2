#include "daemon/config/keys.hpp"

namespace provisr::daemon {
namespace {

struct Describe {
  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::string_view sentence) const { return std::string(sentence); }
  template <class Number>
  std::string operator()(const Limits<Number>& limits) const {
    return to_string(limits);
  }
};

}  // namespace

std::string describe(const ValueRange& range) {
  return std::visit(Describe(), range);
}

}  // namespace provisr::daemon

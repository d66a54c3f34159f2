#include "daemon/platform/linux/cgroup_limits.hpp"

#include "daemon/platform/linux/cgroup_text.hpp"
#include "daemon/platform/linux/file_text.hpp"

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

/// Parses a number and removes it from `text` with the space after it. Returns empty for "max" and
/// "-1", which mean no limit.
[[nodiscard]] std::optional<std::uint64_t> next_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto size = static_cast<std::size_t>(end - text.data());
  text.remove_prefix(size);
  if (!text.empty()) text.remove_prefix(1);
  if (error != std::errc()) return std::nullopt;
  return number;
}

[[nodiscard]] std::optional<std::uint64_t> number_in(const fs::path& file) {
  const std::string text = text_of(file);
  std::string_view rest = text;
  return next_number(rest);
}

[[nodiscard]] std::optional<double> share(std::optional<std::uint64_t> quota,
                                          std::optional<std::uint64_t> period) {
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

/// Version 1 represents "no limit" by a number larger than any memory.
[[nodiscard]] std::optional<std::uint64_t> unless_endless(std::optional<std::uint64_t> bytes) {
  constexpr std::uint64_t beyond_any_memory = std::uint64_t{1} << 60U;
  return bytes && *bytes < beyond_any_memory ? bytes : std::nullopt;
}

[[nodiscard]] MachineResources limits_of_version_2(const fs::path& folder) {
  const std::string text = text_of(folder / "cpu.max");
  std::string_view rest = text;
  const auto quota = next_number(rest);
  return {.cpus = share(quota, next_number(rest)),
          .memory_bytes = number_in(folder / "memory.max")};
}

[[nodiscard]] MachineResources cpu_limit_of_version_1(const fs::path& folder) {
  return {.cpus = share(number_in(folder / "cpu.cfs_quota_us"),
                        number_in(folder / "cpu.cfs_period_us")),
          .memory_bytes = {}};
}

[[nodiscard]] MachineResources memory_limit_of_version_1(const fs::path& folder) {
  return {.cpus = {}, .memory_bytes = unless_endless(number_in(folder / "memory.limit_in_bytes"))};
}

using LimitsOf = MachineResources (*)(const fs::path& folder);

/// Applies the limits of the cgroup `path` below `mount` and of all its parents. In a container
/// whose mount has another root than `path`, only existing folders count.
void lower_by_all_above(MachineResources& limits, const fs::path& mount, std::string_view path,
                        LimitsOf limits_of) {
  fs::path below = fs::path(path).relative_path();
  while (true) {
    const MachineResources here = limits_of(below.empty() ? mount : mount / below);
    lower_to(limits.cpus, here.cpus);
    lower_to(limits.memory_bytes, here.memory_bytes);
    if (below.empty()) return;
    below = below.parent_path();
  }
}

}  // namespace

MachineResources cgroup_limits(const CgroupRoots& roots) {
  const std::string text = text_of(roots.proc / "self" / "cgroup");
  MachineResources limits;
  const auto lower = [&](std::string_view controller, const fs::path& mount, LimitsOf limits_of) {
    if (const auto path = cgroup_path(text, controller)) {
      lower_by_all_above(limits, mount, *path, limits_of);
    }
  };
  lower("", roots.cgroup, limits_of_version_2);
  lower("cpu", roots.cgroup / "cpu", cpu_limit_of_version_1);
  lower("memory", roots.cgroup / "memory", memory_limit_of_version_1);
  return limits;
}

}  // namespace provisr::daemon

#include "daemon/json.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <cmath>
#include <utility>

namespace provisr::daemon {
namespace {

/// Writes one JSON text; unknown figures are left out together with their keys.
class JsonText {
 public:
  using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

  template <class Members>
  void object(Members&& write_members) {
    writer_.StartObject();
    write_members();
    writer_.EndObject();
  }

  template <class Elements>
  void array(Elements&& write_elements) {
    writer_.StartArray();
    write_elements();
    writer_.EndArray();
  }

  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }

  void text(std::string_view value) {
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }

  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void member(std::string_view name, const char* value) { member(name, std::string_view(value)); }
  void member(std::string_view name, std::int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  void member(std::string_view name, std::uint64_t value) {
    key(name);
    writer_.Uint64(value);
  }
  void member(std::string_view name, double value) {
    key(name);
    writer_.Double(value);
  }
  template <class T>
  void member(std::string_view name, Figure<T> figure) {
    if constexpr (std::floating_point<T>) {
      if (figure) member(name, *figure);
    } else {
      if (figure) member(name, static_cast<std::uint64_t>(*figure));
    }
  }

  [[nodiscard]] std::string str() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  Writer writer_{buffer_};
};

void write_sample(JsonText& json, std::string_view name, const ProcessMetrics& sample) {
  json.object([&] {
    json.member("pid", std::int64_t{sample.pid});
    json.member("name", name);
    json.member("cpu_percent", sample.cpu_percent);
    json.member("memory_mb", sample.memory_mb());
    json.member("memory_rss", sample.memory_rss_bytes);
    json.member("memory_vms", sample.memory_vms_bytes);
    json.member("memory_swap", sample.memory_swap_bytes);
    json.member("timestamp", rfc3339(sample.timestamp));
    json.member("num_threads", sample.num_threads);
    json.member("num_fds", sample.num_fds);
  });
}

[[nodiscard]] Figure<double> in_mebibytes(Figure<double> bytes) {
  if (!bytes) return {};
  return *bytes / (1024.0 * 1024.0);
}

[[nodiscard]] double seconds_between(Timestamp from, Timestamp to) {
  return std::chrono::duration<double>(std::chrono::round<std::chrono::milliseconds>(to - from))
      .count();
}

void write_last_exit(JsonText& json, const ProcessStatus& process) {
  if (!process.last_exit) return;
  json.key("last_exit");
  json.object([&] {
    const ExitStatus& status = process.last_exit->status;
    if (status.signal != 0) {
      json.member("signal", std::int64_t{status.signal});
    } else {
      json.member("code", std::int64_t{status.code});
    }
    json.member("description", status.to_string());
    json.member("at", rfc3339(process.last_exit->at));
  });
}

void write_status(JsonText& json, const ProcessStatus& process, Timestamp now) {
  json.object([&] {
    json.member("name", process.name);
    json.member("kind", to_text(process.kind));
    json.member("state", to_text(process.state));
    if (process.pid) json.member("pid", std::int64_t{*process.pid});
    if (process.started_at) {
      json.member("started_at", rfc3339(*process.started_at));
      json.member("uptime_seconds", seconds_between(*process.started_at, now));
    }
    json.member("restarts", std::uint64_t{process.restarts});
    write_last_exit(json, process);
    if (!process.last_error.empty()) json.member("last_error", process.last_error);
  });
}

}  // namespace

std::string rfc3339(Timestamp time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(milliseconds - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string metrics_json(const Snapshot& snapshot) {
  JsonText json;
  json.object([&] {
    for (const Snapshot::Process process : snapshot) {
      if (!process.running()) continue;
      json.key(process.name());
      write_sample(json, process.name(), process.metrics());
    }
  });
  return json.str();
}

std::string sample_json(std::string_view name, const ProcessMetrics& sample) {
  JsonText json;
  write_sample(json, name, sample);
  return json.str();
}

std::string history_json(std::string_view name, const std::vector<ProcessMetrics>& history) {
  JsonText json;
  json.object([&] {
    json.member("process", name);
    json.key("history");
    json.array([&] {
      for (const ProcessMetrics& sample : history) write_sample(json, name, sample);
    });
  });
  return json.str();
}

std::string group_json(std::string_view base, const GroupTotals& totals, const Snapshot& snapshot) {
  JsonText json;
  json.object([&] {
    json.member("base", base);
    json.member("process_count", std::uint64_t{totals.process_count});
    json.member("total_cpu", totals.total_cpu_percent);
    json.member("total_memory", in_mebibytes(totals.total_memory_bytes));
    json.member("avg_cpu", totals.avg_cpu_percent);
    json.member("avg_memory", in_mebibytes(totals.avg_memory_bytes));
    json.key("processes");
    json.object([&] {
      snapshot.for_each_instance(base, [&](const Snapshot::Process& process) {
        if (!process.running()) return;
        json.key(process.name());
        write_sample(json, process.name(), process.metrics());
      });
    });
  });
  return json.str();
}

std::string status_json(const std::vector<ProcessStatus>& processes, Timestamp now) {
  JsonText json;
  json.object([&] {
    json.key("processes");
    json.array([&] {
      for (const ProcessStatus& process : processes) write_status(json, process, now);
    });
  });
  return json.str();
}

std::string error_json(std::string_view text) {
  JsonText json;
  json.object([&] { json.member("error", text); });
  return json.str();
}

}  // namespace provisr::daemon

#include "app/scan_output.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/input_files.hpp"

namespace canhgac::app {

namespace {

constexpr std::size_t kLevelWidth = 8;
constexpr std::size_t kHostWidth = 20;
constexpr std::size_t kTitleWidth = 50;
constexpr std::size_t kTimeWidth = 23;
constexpr std::size_t kMatchedWidth = 160;
constexpr std::string_view kCsvHeader = "time,level,rule,title,host,file,event,matched\r\n";

boost::json::object matched_object(const event::Detection& detection) {
    boost::json::object matched;
    for (const auto& [field, value] : detection.matched) {
        auto [place, fresh] = matched.emplace(field, value);
        if (fresh) { continue; }
        if (!place->value().is_array()) { place->value() = boost::json::array{place->value()}; }
        place->value().as_array().emplace_back(value);
    }
    return matched;
}

void append_json(const ScanMatch& match, std::string& out) {
    const event::RuleInfo& rule = *match.detection->rule;
    const boost::json::object line{
        {"event", match.event},
        {"file", match.file},
        {"rule", rule.id},
        {"title", rule.title},
        {"level", event::to_string(rule.level)},
        {"time", match.time ? boost::json::value(common::format_rfc3339(*match.time)) : boost::json::value(nullptr)},
        {"matched", matched_object(*match.detection)}};
    out += boost::json::serialize(line);
    out += '\n';
}

boost::json::object correlation_object(const event::DetectionRecord& fired) {
    boost::json::array events;
    for (const event::EventId& id : fired.events) {
        events.push_back(id.index);
    }
    boost::json::object group;
    for (const auto& [field, value] : fired.entity) {
        group[field] = value;
    }
    return {{"correlation", fired.rule_id},
            {"title", fired.title},
            {"level", event::to_string(fired.level)},
            {"events", std::move(events)},
            {"group", std::move(group)},
            {"count", fired.count},
            {"value", fired.value},
            {"from", common::format_rfc3339(fired.from)},
            {"to", common::format_rfc3339(fired.to)}};
}

/// A field of CSV. Text of senders that a spreadsheet would take for a formula gets an apostrophe in front.
std::string csv_field(std::string_view text, bool from_sender = false) {
    std::string field;
    if (from_sender && !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
        field = '\'';
    }
    field += text;
    if (field.find_first_of(",\"\r\n") == std::string::npos) { return field; }
    std::string quoted = "\"";
    for (const char c : field) {
        quoted += c;
        if (c == '"') { quoted += '"'; }
    }
    return quoted + '"';
}

std::string time_text(const std::optional<common::Nanos>& time) {
    return time ? common::format_rfc3339(*time) : std::string();
}

/// To the second, for people.
std::string short_time(const std::optional<common::Nanos>& time) {
    if (!time) { return "-"; }
    return common::format_rfc3339(*time - (*time % common::kSecond + common::kSecond) % common::kSecond);
}

void append_csv(const ScanMatch& match, std::string& out) {
    const event::RuleInfo& rule = *match.detection->rule;
    out +=
        fmt::format("{},{},{},{},{},{},{},{}\r\n", time_text(match.time), event::to_string(rule.level),
                    csv_field(rule.id), csv_field(rule.title), csv_field(match.host, true), csv_field(match.file, true),
                    match.event, csv_field(boost::json::serialize(matched_object(*match.detection))));
}

void append_row(const ScanMatch& match, std::string& out) {
    const event::RuleInfo& rule = *match.detection->rule;
    std::string matched;
    for (const auto& [field, value] : match.detection->matched) {
        matched += fmt::format("{}{}={}", matched.empty() ? "" : " ", field, value.substr(0, kMatchedWidth));
        if (matched.size() > kMatchedWidth) { break; }
    }
    out += fmt::format("{} {} {} {} {}#{}  {}\n", column(short_time(match.time), kTimeWidth),
                       column(event::to_string(rule.level), kLevelWidth), column(printable(match.host), kHostWidth),
                       column(rule.title, kTitleWidth), match.file, match.event, printable(matched));
}

} // namespace

ScanOutput scan_output(std::string_view name, bool terminal) noexcept {
    if (name == "json") { return ScanOutput::json; }
    if (name == "csv") { return ScanOutput::csv; }
    if (name == "table") { return ScanOutput::table; }
    return name.empty() && terminal ? ScanOutput::table : ScanOutput::jsonl;
}

void append_match(ScanOutput output, const ScanMatch& match, std::string& out) {
    switch (output) {
    case ScanOutput::jsonl:
    case ScanOutput::json:
        append_json(match, out);
        return;
    case ScanOutput::csv:
        append_csv(match, out);
        return;
    case ScanOutput::table:
        append_row(match, out);
        return;
    case ScanOutput::none:
        return;
    }
}

void append_correlation(ScanOutput output, const event::DetectionRecord& fired, std::string& out) {
    const std::string json = boost::json::serialize(correlation_object(fired));
    switch (output) {
    case ScanOutput::jsonl:
    case ScanOutput::json:
        out += json + '\n';
        return;
    case ScanOutput::csv:
        out += fmt::format("{},{},{},{},,,,{}\r\n", time_text(fired.to), event::to_string(fired.level),
                           csv_field(fired.rule_id), csv_field(fired.title), csv_field(json));
        return;
    case ScanOutput::table: {
        std::string group;
        for (const auto& [field, value] : fired.entity) {
            group += fmt::format(" {}={}", field, value);
        }
        out += fmt::format("{} {} {} {} {} events since {} {}\n", column(short_time(fired.to), kTimeWidth),
                           column(event::to_string(fired.level), kLevelWidth), column("(correlation)", kHostWidth),
                           column(fired.title, kTitleWidth), fired.count, short_time(fired.from), printable(group));
        return;
    }
    case ScanOutput::none:
        return;
    }
}

std::string column(std::string_view text, std::size_t width) {
    std::string out;
    std::size_t count = 0;
    std::size_t last = 0; // where the last character that surely fits ends
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80;
        if (begins && count == width) { return std::string(text.substr(0, last)) + "…"; }
        if (begins && ++count == width) { last = i; }
    }
    out = text;
    return out.append(width - count, ' ');
}

void ScanPrinter::start() {
    if (started_) { return; }
    started_ = true;
    if (output_ == ScanOutput::csv) { std::fwrite(kCsvHeader.data(), 1, kCsvHeader.size(), file_); }
    if (output_ == ScanOutput::json) { std::fputc('[', file_); }
}

void ScanPrinter::print(std::string_view lines) {
    start();
    if (output_ != ScanOutput::json) {
        std::fwrite(lines.data(), 1, lines.size(), file_);
        return;
    }
    while (!lines.empty()) {
        const std::size_t end = lines.find('\n');
        std::fputs(first_ ? "\n" : ",\n", file_);
        first_ = false;
        std::fwrite(lines.data(), 1, end, file_);
        lines.remove_prefix(end + 1);
    }
}

void ScanPrinter::finish() {
    start();
    if (output_ == ScanOutput::json) { std::fputs("\n]\n", file_); }
    std::fflush(file_);
}

} // namespace canhgac::app

#include "engine/intel/list_reader.hpp"

#include <algorithm>

namespace canhgac::engine {

namespace {

constexpr const char* kFull = "the limit of indicators is reached";

} // namespace

std::string_view to_string(ListFormat format) noexcept {
    static constexpr std::array<std::string_view, 5> kNames = {"auto", "plain", "csv", "stix", "misp"};
    const auto index = static_cast<std::size_t>(format);
    return index < kNames.size() ? kNames[index] : "auto";
}

void ListReport::add_bad(std::uint32_t line, std::uint32_t column, std::string reason) {
    ++bad;
    if (bad_entries.size() < kMaxBadKept) { bad_entries.push_back({line, column, std::move(reason)}); }
}

void read_value(std::string_view value, IndicatorKind kind, std::array<std::uint32_t, 2> line_column,
                IndicatorSink& sink, ListReport& report) {
    ++report.read;
    const auto indicator = parse_indicator(value, kind);
    if (!indicator) {
        report.add_bad(line_column[0], line_column[1], std::string(to_string(indicator.error())));
    } else if (sink.add(*indicator)) {
        ++report.added;
    } else {
        ++report.skipped[kFull];
    }
}

ListFormat detect_list_format(std::string_view text, std::string_view file_name) noexcept {
    if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos &&
        (text[first] == '{' || (text[first] == '[' && file_name.ends_with("json")))) {
        const std::string_view head = text.substr(0, 64U * 1024U);
        const bool is_stix = head.find("\"spec_version\"") != std::string_view::npos ||
                             head.find("\"pattern_type\"") != std::string_view::npos ||
                             head.find("\"bundle\"") != std::string_view::npos;
        return is_stix ? ListFormat::stix : ListFormat::misp;
    }
    return file_name.ends_with(".csv") || file_name.ends_with(".tsv") ? ListFormat::csv : ListFormat::plain;
}

void read_list(std::string_view text, std::string_view file_name, const ListOptions& options, IndicatorSink& sink,
               ListReport& report) {
    switch (options.format == ListFormat::automatic ? detect_list_format(text, file_name) : options.format) {
    case ListFormat::automatic:
    case ListFormat::plain:
        return read_plain_list(text, options, sink, report);
    case ListFormat::csv:
        return read_csv_list(text, options, sink, report);
    case ListFormat::stix:
        return read_stix_list(text, options, sink, report);
    case ListFormat::misp:
        return read_misp_list(text, options, sink, report);
    }
}

} // namespace canhgac::engine

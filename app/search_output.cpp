#include "app/search_output.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/json_text.hpp"
#include "common/clock.hpp"

namespace canhgac::app {

namespace {

namespace json = boost::json;

constexpr std::size_t kRowsForWidths = 1'000;
constexpr std::size_t kWidest = 60;

std::string cell_text(const json::value& value) {
    if (value.is_null()) { return ""; }
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

std::string member_text(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value == nullptr ? "" : cell_text(*value);
}

/// Characters, as a terminal without wide ones counts.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// Control characters of senders would move the cursor.
std::string printable(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return text;
}

} // namespace

std::string csv_cell(std::string_view text) {
    std::string cell(text);
    if (!api::is_json_number(text) && !text.empty() &&
        std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
        cell.insert(0, "'");
    }
    if (cell.find_first_of("\",\r\n") == std::string::npos) { return cell; }
    std::string quoted = "\"";
    for (const char c : cell) {
        if (c == '"') { quoted += '"'; }
        quoted += c;
    }
    return quoted + '"';
}

bool wants_table(const ClientOptions& options) {
    return options.output.empty() ? ::isatty(STDOUT_FILENO) != 0 : options.output == "table";
}

void print_search_line(std::string_view line, const ClientOptions& options) {
    SearchPrinter(options).add(line);
}

SearchPrinter::SearchPrinter(const ClientOptions& options, bool at_once)
    : output_(wants_table(options)      ? Output::table
              : options.output == "csv" ? Output::csv
                                        : Output::lines),
      at_once_(at_once) {}

SearchPrinter::SearchPrinter(Output output, std::FILE* file) : output_(output), with_stats_(false), file_(file) {}

void SearchPrinter::print_text_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fputc('\n', file_);
    if (file_ == stdout) { std::fflush(file_); }
}

void SearchPrinter::print_event_line(const json::object& event) {
    std::string text = member_text(event, "message");
    if (text.empty()) { text = member_text(event, "event.original"); }
    const std::string stamp = member_text(event, "@timestamp");
    const auto time = common::parse_rfc3339(stamp);
    print_text_line(fmt::format("{}  {:<20} {}", time ? common::format_vietnam(*time) : stamp,
                                member_text(event, "host.name"), text));
}

void SearchPrinter::add(std::string_view line) {
    add_line(line);
    if (!at_once_) { return; }
    if (!held_.empty()) { flush_rows(); }
    std::fflush(file_);
}

void SearchPrinter::add_line(std::string_view line) {
    json::error_code error;
    const json::value value = json::parse(line, error);
    if (error || !value.is_object()) { return; }
    const json::object& object = value.as_object();
    if (const auto* problem = object.if_contains("error")) {
        failed_ = ended_ = true;
        flush_rows();
        const auto* detail = problem->is_object() ? problem->as_object().if_contains("detail") : nullptr;
        const std::string text = detail == nullptr ? std::string(line) : cell_text(*detail);
        std::fprintf(stderr, "canhgac: %s\n", text.c_str());
        return;
    }
    if (object.contains("stats") && !object.contains("_id")) {
        ended_ = true;
        flush_rows();
        if (output_ == Output::lines && with_stats_) { print_text_line(line); }
        const json::value& stats = object.at("stats");
        const auto* partial = stats.is_object() ? stats.as_object().if_contains("partial") : nullptr;
        if (partial != nullptr) {
            std::fprintf(stderr, "canhgac: the result is partial: %s\n", cell_text(*partial).c_str());
        }
        return;
    }
    if (object.contains("progress") && !object.contains("_id")) { return; }
    if (const auto* columns = object.if_contains("columns"); columns != nullptr && !object.contains("_id")) {
        columns_.clear();
        for (const json::value& column : columns->as_array()) {
            columns_.push_back(cell_text(column.at("name")));
        }
        return;
    }
    const auto* row = object.if_contains("row");
    ++rows_;
    if (row == nullptr || object.contains("_id")) {
        if (output_ == Output::table) { return print_event_line(object); }
        if (output_ == Output::lines) { return print_text_line(line); }
        columns_ = {"_id", "@timestamp", "host.name", "event.original"};
        std::vector<std::string> cells;
        for (const std::string& name : columns_) {
            cells.push_back(member_text(object, name));
        }
        return add_row(std::move(cells));
    }
    if (output_ == Output::lines) {
        json::object named;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            named[columns_[i]] = row->as_array().at(i);
        }
        return print_text_line(json::serialize(named));
    }
    std::vector<std::string> cells;
    for (const json::value& cell : row->as_array()) {
        cells.push_back(cell_text(cell));
    }
    add_row(std::move(cells));
}

void SearchPrinter::add_row(std::vector<std::string> cells) {
    if (output_ == Output::csv) { return print_row(cells); }
    for (std::string& cell : cells) {
        cell = printable(std::move(cell));
    }
    if (!widths_.empty()) { return print_row(cells); }
    held_.push_back(std::move(cells));
    if (held_.size() == kRowsForWidths) { flush_rows(); }
}

/// Decides on the widths of a table and writes the rows held back for it.
void SearchPrinter::flush_rows() {
    if (output_ == Output::csv && !csv_header_ && !columns_.empty()) { print_row({}); }
    if (output_ != Output::table || columns_.empty() || !widths_.empty()) { return; }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = width_of(columns_[i]);
        for (const auto& row : held_) {
            width = std::max(width, std::min(width_of(row[i]), kWidest));
        }
        widths_.push_back(width);
    }
    print_row(columns_);
    for (const auto& row : held_) {
        print_row(row);
    }
    held_.clear();
}

void SearchPrinter::print_row(const std::vector<std::string>& cells) {
    std::string line;
    if (output_ == Output::csv) {
        const auto append = [&line](const std::vector<std::string>& row) {
            for (const std::string& cell : row) {
                line += (&cell == &row.front() ? "" : ",") + csv_cell(cell);
            }
            line += "\r\n";
        };
        if (!csv_header_) { append(columns_); }
        if (!cells.empty()) { append(cells); }
        csv_header_ = true;
        std::fwrite(line.data(), 1, line.size(), file_);
        return;
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
        line += cells[i];
        const std::size_t width = width_of(cells[i]);
        if (i + 1 < cells.size()) { line.append(width < widths_[i] ? widths_[i] - width + 2 : 2, ' '); }
    }
    print_text_line(line);
}

int SearchPrinter::finish() {
    flush_rows();
    std::fflush(file_);
    if (!ended_ && !failed_) {
        std::fputs("canhgac: the answer was cut\n", stderr);
        failed_ = true;
    }
    return failed_ ? kProblems : kSuccess;
}

} // namespace canhgac::app

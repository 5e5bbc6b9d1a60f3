// Plain and CSV lists.
#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/intel/csv_rows.hpp"
#include "engine/intel/list_reader.hpp"

namespace canhgac::engine {

namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view without_blanks(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view without_mark(std::string_view text) noexcept {
    if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
    return text;
}

std::string_view take_line(std::string_view& text) noexcept {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::string lower(std::string_view text) {
    std::string out(without_blanks(text));
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// Header names that hold values when the configuration names none.
bool is_known_header(std::string_view name) noexcept {
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"indicator", "value",       "ioc",        "ioc_value",  "observable", "ip",     "ip_address",
         "ipaddress", "dst_ip",      "src_ip",     "network",    "cidr",       "domain", "hostname",
         "fqdn",      "url",         "hash",       "md5",        "md5_hash",   "sha1",   "sha1_hash",
         "sha256",    "sha256_hash", "dia chi ip", "địa chỉ ip", "tên miền"});
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Columns of the values, and whether this row is a header.
class ColumnChoice {
public:
    explicit ColumnChoice(const std::vector<std::string>& wanted) : wanted_(wanted) {}

    /// True: the row is a header and was taken as such.
    bool take_header(const std::vector<CsvCell>& row) {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string name = lower(row[i].text);
            if (i == 0 && name.starts_with('#')) { name = lower(std::string_view(name).substr(1)); }
            const bool named =
                std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& w) { return lower(w) == name; });
            if (named || (wanted_.empty() && is_known_header(name))) { found.push_back(i); }
        }
        if (found.empty()) { return false; }
        columns_ = std::move(found);
        return true;
    }
    /// No header: numbers, else the first column. Nothing: a wanted name was not found.
    bool settle() {
        if (!columns_.empty()) { return true; }
        for (const std::string& name : wanted_) {
            std::size_t number = 0;
            const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
            if (error != std::errc{} || end != name.data() + name.size() || number == 0) { return false; }
            columns_.push_back(number - 1);
        }
        if (columns_.empty()) { columns_.push_back(0); }
        return true;
    }
    [[nodiscard]] const std::vector<std::size_t>& columns() const noexcept { return columns_; }

private:
    const std::vector<std::string>& wanted_;
    std::vector<std::size_t> columns_;
};

bool is_blank_row(const std::vector<CsvCell>& row) {
    return std::all_of(row.begin(), row.end(), [](const CsvCell& c) { return without_blanks(c.text).empty(); });
}

} // namespace

void read_plain_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report) {
    text = without_mark(text);
    for (std::uint32_t line = 1; !text.empty(); ++line) {
        const std::string_view whole = take_line(text);
        std::string_view value = whole;
        for (std::size_t at = 0; (at = value.find('#', at)) != std::string_view::npos; ++at) {
            if (at == 0 || kBlank.find(value[at - 1]) != std::string_view::npos) {
                value = value.substr(0, at);
                break;
            }
        }
        value = without_blanks(value);
        if (value.empty()) { continue; }
        const auto column = static_cast<std::uint32_t>(value.data() - whole.data() + 1);
        read_value(value, options.kind, {line, column}, sink, report);
    }
}

void read_csv_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report) {
    text = without_mark(text);
    CsvRows rows(text, find_csv_separator(text));
    ColumnChoice choice(options.columns);
    std::vector<CsvCell> row;
    std::vector<CsvCell> comment; // the last comment before the data may be the header
    bool settled = false;
    while (rows.next(row)) {
        if (is_blank_row(row)) { continue; }
        if (row.front().text.starts_with('#')) {
            if (!settled) { comment = row; }
            continue;
        }
        if (!settled) {
            settled = true;
            const bool in_comment = comment.size() == row.size() && choice.take_header(comment);
            if (!in_comment && choice.take_header(row)) { continue; }
            if (!choice.settle()) {
                ++report.read;
                report.add_bad(row.front().line, 1, "no column has the name the list is configured with");
                return;
            }
        }
        for (const std::size_t column : choice.columns()) {
            if (column >= row.size()) {
                ++report.read;
                report.add_bad(row.front().line, 1, "the row ends before column " + std::to_string(column + 1));
            } else if (!without_blanks(row[column].text).empty()) {
                read_value(without_blanks(row[column].text), options.kind, {row[column].line, row[column].column}, sink,
                           report);
            }
        }
    }
}

} // namespace canhgac::engine

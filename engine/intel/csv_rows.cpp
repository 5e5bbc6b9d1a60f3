#include "engine/intel/csv_rows.hpp"

#include <algorithm>

namespace canhgac::engine {

bool CsvRows::next(std::vector<CsvCell>& cells) {
    cells.clear();
    if (at_ == text_.size()) { return false; }
    while (read_cell(cells.size() < kMaxColumns ? cells.emplace_back() : spare_)) {}
    return true;
}

bool CsvRows::read_cell(CsvCell& cell) {
    cell.text.clear();
    cell.line = line_;
    cell.column = static_cast<std::uint32_t>(at_ - line_start_ + 1);
    if (at_ < text_.size() && text_[at_] == '"') { read_quoted(cell.text); }
    while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c == separator_) { return true; }
        if (c == '\n') {
            ++line_;
            line_start_ = at_;
            return false;
        }
        cell.text += c;
    }
    return false;
}

void CsvRows::read_quoted(std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
        if (text_[at_] == '"') {
            if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') {
                ++at_;
                return;
            }
            ++at_;
        }
        out += text_[at_];
        if (text_[at_] == '\n') {
            ++line_;
            line_start_ = at_ + 1;
        }
    }
}

char find_csv_separator(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.starts_with('#')) { continue; }
        char best = ',';
        std::ptrdiff_t most = 0;
        for (const char candidate : {',', ';', '\t'}) {
            const auto count = std::count(line.begin(), line.end(), candidate);
            if (count > most) {
                most = count;
                best = candidate;
            }
        }
        return best;
    }
    return ',';
}

} // namespace canhgac::engine

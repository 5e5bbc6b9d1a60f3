/// Rows of CSV text (RFC 4180), with the place of each cell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace canhgac::engine {

struct CsvCell {
    std::string text;
    std::uint32_t line = 1;
    std::uint32_t column = 1; ///< byte in its line, from 1
};

/// Quoted cells may hold the separator, line ends and doubled quotes. Views the text; not thread safe. Rows have at
/// most kMaxColumns cells, the rest is dropped.
class CsvRows {
public:
    static constexpr std::size_t kMaxColumns = 1'000;

    CsvRows(std::string_view text, char separator) noexcept : text_(text), separator_(separator) {}
    /// False at the end. A quote that is never closed takes the rest of the text.
    bool next(std::vector<CsvCell>& cells);

private:
    bool read_cell(CsvCell& cell);
    void read_quoted(std::string& out);

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_start_ = 0;
    std::uint32_t line_ = 1;
    CsvCell spare_;
};

/// Comma, semicolon or tab: the most frequent in the first line that is neither blank nor a comment (#).
[[nodiscard]] char find_csv_separator(std::string_view text) noexcept;

} // namespace canhgac::engine

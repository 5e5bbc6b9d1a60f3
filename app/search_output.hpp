/// How `canhgac search` writes what the server answers: JSON lines, a table, CSV (RFC 4180).
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "app/cli.hpp"

namespace canhgac::app {

/// Whether a command is to write for a person.
[[nodiscard]] bool wants_table(const ClientOptions& options);

/// A value for CSV (RFC 4180). Text that a spreadsheet would take for a formula gets an apostrophe in front.
[[nodiscard]] std::string csv_cell(std::string_view text);

/// Takes the lines of an answer (docs/reference/api.md, "Search") and writes to standard output, errors to standard
/// error. Not thread safe.
class SearchPrinter {
public:
    enum class Output : unsigned char { lines, table, csv };

    /// `at_once`: no row waits for others, as when events are followed.
    explicit SearchPrinter(const ClientOptions& options, bool at_once = false);
    /// Into a file, and nothing but rows.
    SearchPrinter(Output output, std::FILE* file);
    void add(std::string_view line);
    /// What is held back. kSuccess, or kProblems after an error or an answer that was cut.
    [[nodiscard]] int finish();

    /// Events or rows so far.
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

private:
    void add_line(std::string_view line);
    void add_row(std::vector<std::string> cells);
    void flush_rows();
    void print_row(const std::vector<std::string>& cells);

    void print_text_line(std::string_view line);
    void print_event_line(const boost::json::object& event);

    Output output_;
    bool at_once_ = false;
    bool with_stats_ = true;
    std::FILE* file_ = stdout;
    std::uint64_t rows_ = 0;
    std::vector<std::string> columns_;           ///< of a table
    std::vector<std::vector<std::string>> held_; ///< first rows, until the widths are known
    std::vector<std::size_t> widths_;
    bool csv_header_ = false; ///< written
    bool failed_ = false;
    bool ended_ = false; ///< the last line was there
};

} // namespace canhgac::app

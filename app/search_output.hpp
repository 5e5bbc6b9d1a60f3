/// How `canhgac search` writes what the server answers: JSON lines, a table, CSV (RFC 4180).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/cli.hpp"

namespace canhgac::app {

/// Whether a command is to write for a person.
[[nodiscard]] bool wants_table(const ClientOptions& options);

/// Takes the lines of an answer (docs/reference/api.md, "Search") and writes to standard output, errors to standard
/// error. Not thread safe.
class SearchPrinter {
public:
    explicit SearchPrinter(const ClientOptions& options);
    void add(std::string_view line);
    /// What is held back. kSuccess, or kProblems after an error or an answer that was cut.
    [[nodiscard]] int finish();

private:
    enum class Output : unsigned char { lines, table, csv };
    void add_row(std::vector<std::string> cells);
    void flush_rows();
    void print_row(const std::vector<std::string>& cells);

    Output output_;
    std::vector<std::string> columns_;           ///< of a table
    std::vector<std::vector<std::string>> held_; ///< first rows, until the widths are known
    std::vector<std::size_t> widths_;
    bool csv_header_ = false; ///< written
    bool failed_ = false;
    bool ended_ = false; ///< the last line was there
};

} // namespace canhgac::app

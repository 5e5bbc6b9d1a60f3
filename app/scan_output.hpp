/// How `canhgac scan` writes what it found: JSON lines (the contract of DESIGN section 3), one JSON array, CSV (RFC
/// 4180), or lines for people.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/detection.hpp"

namespace canhgac::app {

enum class ScanOutput : std::uint8_t { jsonl, json, csv, table, none };
/// "jsonl", "json", "csv" or "table"; empty: table on a terminal, else jsonl.
[[nodiscard]] ScanOutput scan_output(std::string_view name, bool terminal) noexcept;

struct ScanMatch {
    std::uint64_t event = 0; ///< index within its file
    std::string_view file;
    const event::Detection* detection = nullptr;
    std::optional<common::Nanos> time; ///< nothing: the event has none of its own
    std::string_view host;
};

/// Appends one line. Pure; thread safe.
void append_match(ScanOutput output, const ScanMatch& match, std::string& out);
/// A correlation that fired.
void append_correlation(ScanOutput output, const event::DetectionRecord& fired, std::string& out);

/// `text` cut to `width` characters, the last one "…" when something is missing, padded with blanks.
[[nodiscard]] std::string column(std::string_view text, std::size_t width);

/// Puts lines of one format together to a document on `file`. Not thread safe.
class ScanPrinter {
public:
    ScanPrinter(ScanOutput output, std::FILE* file) noexcept : output_(output), file_(file) {}
    /// Lines made by append_match() or append_correlation().
    void print(std::string_view lines);
    /// Call once at the end.
    void finish();

private:
    void start();

    ScanOutput output_;
    std::FILE* file_;
    bool started_ = false;
    bool first_ = true;
};

} // namespace canhgac::app

/// Readers of indicator lists: plain text, CSV, STIX 2.1 bundles, MISP exports. They give entries to a sink and account
/// for everything else: what is bad is named with its place, what is left out on purpose is counted by reason.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "engine/intel/indicator.hpp"

namespace canhgac::engine {

enum class ListFormat : std::uint8_t {
    automatic, ///< by the content, then the file name
    plain,     ///< one value a line; '#' begins a comment at the start of a line or after a blank
    csv,       ///< RFC 4180 with , ; or tab; '#' lines are comments; header optional
    stix,      ///< a STIX 2.1 bundle (or a list of objects): indicators whose pattern is simple comparisons
    misp,      ///< a MISP event, list of events or attribute search, as JSON
};
[[nodiscard]] std::string_view to_string(ListFormat format) noexcept;

struct BadEntry {
    std::uint32_t line = 1; ///< from 1
    std::uint32_t column = 1;
    std::string reason;
};

/// What became of a list. read == added + bad + skipped (duplicates are found later, see ListInfo).
struct ListReport {
    static constexpr std::size_t kMaxBadKept = 100;

    std::uint64_t read = 0;  ///< values looked at
    std::uint64_t added = 0; ///< given to the sink and taken
    std::uint64_t bad = 0;
    std::map<std::string, std::uint64_t> skipped; ///< reason -> how many: expired, revoked, not to_ids, ...
    std::vector<BadEntry> bad_entries;            ///< the first kMaxBadKept

    void add_bad(std::uint32_t line, std::uint32_t column, std::string reason);
};

/// Takes entries; false = full (the reader then counts the rest as skipped).
class IndicatorSink {
public:
    virtual ~IndicatorSink() = default;
    [[nodiscard]] virtual bool add(const Indicator& indicator) = 0;
};

struct ListOptions {
    ListFormat format = ListFormat::automatic;
    IndicatorKind kind = IndicatorKind::any;
    /// CSV: header names or numbers from 1; empty = known header names, else the first column.
    std::vector<std::string> columns;
    common::Nanos now = 0; ///< STIX valid_until before it: expired
};

/// `text` is the whole file (a byte order mark is skipped); at most 4 GiB. Never fails: what cannot be read is in
/// the report. Any thread.
void read_plain_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report);
void read_csv_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report);
void read_stix_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report);
void read_misp_list(std::string_view text, const ListOptions& options, IndicatorSink& sink, ListReport& report);
/// By options.format; automatic as detect_list_format() says.
void read_list(std::string_view text, std::string_view file_name, const ListOptions& options, IndicatorSink& sink,
               ListReport& report);
[[nodiscard]] ListFormat detect_list_format(std::string_view text, std::string_view file_name) noexcept;

/// One value of a list: parsed, given on or reported. Shared by the readers.
void read_value(std::string_view value, IndicatorKind kind, std::array<std::uint32_t, 2> line_column,
                IndicatorSink& sink, ListReport& report);

/// A comparison of a STIX pattern: object path and constant.
struct StixComparison {
    std::string path;  ///< e.g. "ipv4-addr:value", "file:hashes.'SHA-256'"
    std::string value; ///< without quotes and escapes
};
/// Reads a pattern that is made of equality comparisons ("=", IN, ISSUBSET on addresses) joined by OR (STIX 2.1
/// section 9). False: it has anything else (AND, FOLLOWEDBY, qualifiers, other operators), `out` is then unspecified.
[[nodiscard]] bool read_stix_pattern(std::string_view pattern, std::vector<StixComparison>& out);

} // namespace canhgac::engine

#include "storage/row_filter.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "common/ip.hpp"
#include "text/fold.hpp"
#include "text/glob.hpp"
#include "text/regex.hpp"

namespace canhgac::storage {

namespace {

enum class Place : std::uint8_t { any, stored, unknown, time, received, raw, id, source };

constexpr std::uint64_t kOnes = 0x0101010101010101U;

/// Eight bytes at a time: -O2 of g++ 12 does not vectorise these loops.
bool is_ascii(std::string_view text) noexcept {
    std::uint64_t bits = 0;
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        bits |= word;
    }
    for (; at < text.size(); ++at) {
        bits |= static_cast<unsigned char>(text[at]);
    }
    return (bits & (0x80U * kOnes)) == 0;
}

/// memmem of the C library, which is several times faster here than std::string_view::find.
bool contains(std::string_view text, std::string_view part) noexcept {
    if (text.empty() || part.empty()) { return part.empty(); } // memmem takes no null pointer
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

/// One node of the filter tree.
struct Node {
    event::Filter::Kind kind = event::Filter::Kind::all;
    Place place = Place::any;
    std::uint32_t number = 0;               ///< of a stored field
    std::string folded;                     ///< a literal to look for; empty if the pattern is not one
    bool ascii = false;                     ///< `folded` is ASCII: the lowered block can be searched for it
    bool substring = false;                 ///< `folded` anywhere in the value; else the whole value
    std::unique_ptr<std::string> glob_text; ///< what glob views
    std::vector<text::GlobPart> glob;
    std::optional<text::Regex> regex;
    common::IpNetwork network;
    event::Filter::Op op{};
    double number_value = 0.0;
    std::vector<Node> children;
    std::vector<std::string> literals; ///< folded, each of them in every value that matches
    bool in_block = true;              ///< a literal without field: the block at hand has it somewhere
};

bool compare(double left, event::Filter::Op op, double right) noexcept {
    switch (op) {
    case event::Filter::Op::less:
        return left < right;
    case event::Filter::Op::less_equal:
        return left <= right;
    case event::Filter::Op::greater:
        return left > right;
    case event::Filter::Op::greater_equal:
        return left >= right;
    }
    return false;
}

/// Whether one value satisfies a leaf.
bool holds(const Node& node, std::string_view value) {
    using Kind = event::Filter::Kind;
    switch (node.kind) {
    case Kind::glob:
    case Kind::phrase:
        if (!node.glob.empty()) { return text::glob_match(node.glob, value, false); }
        return node.substring ? text::contains_folded(value, node.folded) : text::equals_folded(value, node.folded);
    case Kind::compare: {
        const auto number = event::parse_number(value);
        return number && compare(*number, node.op, node.number_value);
    }
    case Kind::cidr: {
        const auto address = common::parse_ip(value);
        return address && (node.network.contains(*address) || node.network.contains(common::unmapped(*address)));
    }
    case Kind::regex:
        return node.regex->search(value);
    case Kind::all:
    case Kind::conjunction:
    case Kind::disjunction:
    case Kind::negation:
    case Kind::rule:
    case Kind::alert:
        break;
    }
    return true;
}

void set_literal(Node& node, std::string_view literal, bool substring) {
    node.folded = text::fold(literal);
    node.ascii = is_ascii(node.folded);
    node.substring = substring;
    node.literals = {node.folded};
}

void set_glob(Node& node, std::string_view pattern, bool anywhere) {
    std::string storage;
    const auto parts = text::parse_glob(pattern, storage);
    if (parts.empty() || (parts.size() == 1 && parts.front().kind == text::GlobPart::Kind::literal)) {
        set_literal(node, parts.empty() ? std::string_view{} : parts.front().text, anywhere);
        return;
    }
    const std::size_t backslashes = pattern.size() - 1 - pattern.find_last_not_of('\\'); // a wildcard is before them
    const bool open = backslashes % 2 == 1; // the last one is itself: it must not quote what comes behind it
    const std::string whole = anywhere ? fmt::format("*{}{}*", pattern, open ? "\\" : "") : std::string(pattern);
    node.glob_text = std::make_unique<std::string>();
    node.glob = text::parse_glob(whole, *node.glob_text);
    for (const text::GlobPart& part : node.glob) {
        if (part.kind == text::GlobPart::Kind::literal) { node.literals.push_back(text::fold(part.text)); }
    }
}

Place place_of(std::string_view name) noexcept {
    if (name.empty()) { return Place::any; }
    if (name == "@timestamp" || name == "_time") { return Place::time; }
    if (name == "event.ingested" || name == "_received") { return Place::received; }
    if (name == "event.original" || name == "_raw") { return Place::raw; }
    if (name == "event.id") { return Place::id; }
    if (name == "log.source") { return Place::source; }
    return Place::stored;
}

constexpr std::uint32_t kNoNumber = 0xFFFFFFFFU;

/// Rows of a block for which a part of the filter may hold, and must.
struct Bounds {
    RowBits may;
    RowBits must;
    [[nodiscard]] static Bounds all(std::size_t rows) { return {RowBits(rows, true), RowBits(rows, true)}; }
    [[nodiscard]] static Bounds unknown(std::size_t rows) { return {RowBits(rows, true), RowBits(rows, false)}; }
};

bool long_literal_in(const Node& node) noexcept {
    return std::any_of(node.literals.begin(), node.literals.end(),
                       [](const std::string& literal) { return literal.size() >= kGramBytes; }) ||
           std::any_of(node.children.begin(), node.children.end(), long_literal_in);
}

} // namespace

struct RowFilter::Impl {
    explicit Impl(const SourceBook& book) : sources(&book) {}

    const SourceBook* sources;
    Node root;
    text::FoldBuffer lowered;       ///< raw lines of the block at hand, folded; byte for byte if raw_ascii
    text::FoldBuffer lowered_texts; ///< its other texts, folded; empty until asked for
    std::string_view raw;
    bool raw_ascii = false;
    bool has_literals = false;
    bool looks_everywhere = false; ///< a leaf has no field
    bool needs_lines = false;
    std::vector<std::uint32_t> fields; ///< that leaves name

    void note_needs(const Node& node);
    using BoundsOr = common::Result<Bounds, BlockError>;
    /// `among`: other rows do not matter.
    [[nodiscard]] BoundsOr bounds(const Node& node, SegmentReader& block, const RowBits& among) const;
    [[nodiscard]] BoundsOr leaf_bounds(const Node& node, SegmentReader& block) const;
    [[nodiscard]] static std::error_code build(const event::Filter& filter, const FieldDict& dict, Node& node);
    [[nodiscard]] static bool zone_may_match(const Node& node, const ZoneRecord& zone);
    [[nodiscard]] static bool grams_may_match(const Node& node, const GramSet& grams);
    [[nodiscard]] bool block_may_match(Node& node, const BlockTexts& block);
    [[nodiscard]] bool block_has(const Node& node, const BlockTexts& block);
    void lower_texts(const BlockTexts& block);
    [[nodiscard]] bool matches(const Node& node, const BlockRow& row) const;
    [[nodiscard]] bool leaf_matches(const Node& node, const BlockRow& row) const;
    [[nodiscard]] bool any_matches(const Node& node, const BlockRow& row) const;
    [[nodiscard]] bool time_matches(const Node& node, common::Nanos time) const;
};

RowFilter::RowFilter(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
RowFilter::RowFilter(RowFilter&&) noexcept = default;
RowFilter& RowFilter::operator=(RowFilter&&) noexcept = default;
RowFilter::~RowFilter() = default;

common::Result<RowFilter, std::error_code> RowFilter::compile(const event::Filter& filter, const FieldDict& dict,
                                                              const SourceBook& sources) {
    auto impl = std::make_unique<Impl>(sources);
    if (const std::error_code error = Impl::build(filter, dict, impl->root)) { return common::fail(error); }
    impl->has_literals = long_literal_in(impl->root);
    impl->note_needs(impl->root);
    std::sort(impl->fields.begin(), impl->fields.end());
    return RowFilter(std::move(impl));
}

std::error_code RowFilter::Impl::build(const event::Filter& filter, const FieldDict& dict, Node& node) {
    using Kind = event::Filter::Kind;
    const auto invalid = std::make_error_code(std::errc::invalid_argument);
    node.kind = filter.kind;
    node.place = place_of(filter.field);
    node.op = filter.op;
    node.number_value = filter.number;
    if (node.place == Place::stored || node.place == Place::source) {
        const auto number = dict.find(filter.field);
        node.number = number.value_or(kNoNumber);
        if (!number && node.place == Place::stored) { node.place = Place::unknown; }
    }
    switch (filter.kind) {
    case Kind::glob:
        set_glob(node, filter.pattern, node.place == Place::any);
        break;
    case Kind::phrase:
        set_literal(node, filter.pattern, true);
        break;
    case Kind::regex: {
        auto compiled = text::Regex::compile(filter.pattern, {.ignore_case = true});
        if (!compiled) { return invalid; }
        node.regex.emplace(std::move(*compiled));
        break;
    }
    case Kind::cidr: {
        const auto network = common::parse_cidr(filter.pattern);
        if (!network) { return invalid; }
        node.network = *network;
        break;
    }
    case Kind::negation:
        if (filter.children.size() != 1) { return invalid; }
        break;
    case Kind::rule:
    case Kind::alert:
        return invalid;
    case Kind::all:
    case Kind::conjunction:
    case Kind::disjunction:
    case Kind::compare:
        break;
    }
    for (const event::Filter& child : filter.children) {
        if (const std::error_code error = build(child, dict, node.children.emplace_back())) { return error; }
    }
    return {};
}

bool RowFilter::may_match(const ZoneRecord& zone) const {
    return Impl::zone_may_match(impl_->root, zone);
}

bool RowFilter::Impl::zone_may_match(const Node& node, const ZoneRecord& zone) {
    using Kind = event::Filter::Kind;
    const auto child = [&zone](const Node& each) { return zone_may_match(each, zone); };
    switch (node.kind) {
    case Kind::all:
    case Kind::negation:
        return true;
    case Kind::conjunction:
        return std::all_of(node.children.begin(), node.children.end(), child);
    case Kind::disjunction:
        return std::any_of(node.children.begin(), node.children.end(), child);
    case Kind::glob:
    case Kind::phrase:
    case Kind::compare:
    case Kind::cidr:
    case Kind::regex:
    case Kind::rule:
    case Kind::alert:
        break;
    }
    if (node.place == Place::unknown) { return false; }
    if (node.place == Place::stored) {
        return zone.all_fields || std::binary_search(zone.fields.begin(), zone.fields.end(), node.number);
    }
    if (node.kind == Kind::compare && (node.place == Place::time || node.place == Place::received)) {
        const bool low = node.op == event::Filter::Op::less || node.op == event::Filter::Op::less_equal;
        const common::Nanos edge = node.place == Place::time ? (low ? zone.min_time : zone.max_time)
                                                             : (low ? zone.min_received : zone.max_received);
        return compare(static_cast<double>(edge), node.op, node.number_value);
    }
    return true;
}

bool RowFilter::has_literals() const noexcept {
    return impl_->has_literals;
}

bool RowFilter::may_match(const GramSet& grams) const {
    return Impl::grams_may_match(impl_->root, grams);
}

bool RowFilter::Impl::grams_may_match(const Node& node, const GramSet& grams) {
    using Kind = event::Filter::Kind;
    const auto child = [&grams](const Node& each) { return grams_may_match(each, grams); };
    if (node.kind == Kind::conjunction) { return std::all_of(node.children.begin(), node.children.end(), child); }
    if (node.kind == Kind::disjunction) { return std::any_of(node.children.begin(), node.children.end(), child); }
    // Other places have texts that are not in the block.
    const bool in_texts = node.place == Place::any || node.place == Place::stored || node.place == Place::raw;
    return !in_texts || std::all_of(node.literals.begin(), node.literals.end(),
                                    [&grams](const std::string& literal) { return grams.may_contain(literal); });
}

void RowFilter::Impl::note_needs(const Node& node) {
    using Kind = event::Filter::Kind;
    const bool leaf = node.children.empty() && node.kind != Kind::all;
    if (leaf && (node.place == Place::stored || node.place == Place::source)) { fields.push_back(node.number); }
    looks_everywhere = looks_everywhere || (leaf && node.place == Place::any);
    needs_lines = needs_lines || looks_everywhere || (leaf && node.place == Place::raw);
    for (const Node& child : node.children) {
        note_needs(child);
    }
}

bool RowFilter::needs_lines() const noexcept {
    return impl_->needs_lines;
}

const std::vector<std::uint32_t>& RowFilter::needs_fields() const noexcept {
    return impl_->fields;
}

SegmentReader::Status RowFilter::preselect(SegmentReader& block, RowBits& rows) const {
    const auto found = impl_->bounds(impl_->root, block, rows);
    if (!found) { return common::fail(found.error()); }
    rows &= found->may;
    return {};
}

RowFilter::Impl::BoundsOr RowFilter::Impl::bounds(const Node& node, SegmentReader& block, const RowBits& among) const {
    using Kind = event::Filter::Kind;
    switch (node.kind) {
    case Kind::all:
        return Bounds::all(block.size());
    case Kind::negation: {
        auto child = bounds(node.children.front(), block, among);
        if (!child) { return child; }
        child->may.flip();
        child->must.flip();
        std::swap(child->may, child->must);
        return child;
    }
    case Kind::conjunction: {
        Bounds both = Bounds::all(block.size());
        RowBits left = among;
        for (const Node& each : node.children) {
            if (left.none()) { break; } // further columns need not be read
            auto child = bounds(each, block, left);
            if (!child) { return child; }
            both.may &= child->may;
            both.must &= child->must;
            left &= child->may;
        }
        return both;
    }
    case Kind::disjunction: {
        Bounds either{RowBits(block.size(), false), RowBits(block.size(), false)};
        for (const Node& each : node.children) {
            auto child = bounds(each, block, among);
            if (!child) { return child; }
            either.may |= child->may;
            either.must |= child->must;
        }
        return either;
    }
    case Kind::glob:
    case Kind::phrase:
    case Kind::compare:
    case Kind::cidr:
    case Kind::regex:
    case Kind::rule:
    case Kind::alert:
        break;
    }
    return leaf_bounds(node, block);
}

RowFilter::Impl::BoundsOr RowFilter::Impl::leaf_bounds(const Node& node, SegmentReader& block) const {
    if (node.place == Place::unknown) { return Bounds{RowBits(block.size(), false), RowBits(block.size(), false)}; }
    if (node.place == Place::time && node.kind == event::Filter::Kind::compare) {
        RowBits rows(block.size(), false);
        for (std::size_t row = 0; row < block.size(); ++row) {
            if (time_matches(node, block.time(row))) { rows.set(row); }
        }
        return Bounds{rows, rows};
    }
    if (node.place != Place::stored) { return Bounds::unknown(block.size()); }
    const auto rows = block.rows_where(node.number, [&node](std::string_view text) { return holds(node, text); });
    if (!rows) { return common::fail(rows.error()); }
    return Bounds{*rows, *rows};
}

bool RowFilter::start_block(const BlockTexts& block) {
    if (!impl_->looks_everywhere) { return true; }
    impl_->raw = block.all_raw;
    impl_->raw_ascii = is_ascii(impl_->raw);
    impl_->lowered.clear();
    impl_->lowered.append(impl_->raw);
    impl_->lowered_texts.clear();
    return impl_->block_may_match(impl_->root, block);
}

/// Every dictionary text, folded, once a block; a zero byte between them keeps most finds inside one text.
void RowFilter::Impl::lower_texts(const BlockTexts& block) {
    for (const ColumnTexts& column : block.columns) {
        for (const std::string_view text : column.texts) {
            lowered_texts.append(text);
            lowered_texts.push_back('\0');
        }
    }
}

bool RowFilter::Impl::block_may_match(Node& node, const BlockTexts& block) {
    using Kind = event::Filter::Kind;
    if (node.kind == Kind::conjunction || node.kind == Kind::disjunction) {
        bool all = true;
        bool any = false;
        for (Node& child : node.children) { // every child: leaves remember what they found
            const bool may = block_may_match(child, block);
            all = all && may;
            any = any || may;
        }
        return node.kind == Kind::conjunction ? all : any;
    }
    if (node.kind == Kind::negation) {
        static_cast<void>(block_may_match(node.children.front(), block));
        return true;
    }
    const bool literal = (node.kind == Kind::glob || node.kind == Kind::phrase) && node.glob.empty();
    node.in_block = !literal || node.place != Place::any || block_has(node, block);
    return node.in_block;
}

bool RowFilter::Impl::block_has(const Node& node, const BlockTexts& block) {
    if (contains(lowered.view(), node.folded)) { return true; }
    if (lowered_texts.empty()) { lower_texts(block); }
    return contains(lowered_texts.view(), node.folded);
}

bool RowFilter::matches(const BlockRow& row) const {
    return impl_->matches(impl_->root, row);
}

bool RowFilter::Impl::matches(const Node& node, const BlockRow& row) const {
    using Kind = event::Filter::Kind;
    const auto child = [this, &row](const Node& each) { return matches(each, row); };
    switch (node.kind) {
    case Kind::all:
        return true;
    case Kind::conjunction:
        return std::all_of(node.children.begin(), node.children.end(), child);
    case Kind::disjunction:
        return std::any_of(node.children.begin(), node.children.end(), child);
    case Kind::negation:
        return !matches(node.children.front(), row);
    case Kind::glob:
    case Kind::phrase:
    case Kind::compare:
    case Kind::cidr:
    case Kind::regex:
    case Kind::rule:
    case Kind::alert:
        break;
    }
    return leaf_matches(node, row);
}

bool RowFilter::Impl::leaf_matches(const Node& node, const BlockRow& row) const {
    switch (node.place) {
    case Place::any:
        return any_matches(node, row);
    case Place::unknown:
        return false;
    case Place::time:
        return time_matches(node, row.time);
    case Place::received:
        return time_matches(node, row.received);
    case Place::raw:
        return holds(node, row.raw);
    case Place::id:
        return holds(node, fmt::format("{}.{}", row.seq, row.index));
    case Place::source:
    case Place::stored:
        break;
    }
    bool present = false;
    for (const BlockField& field : row.fields) {
        if (field.number != node.number || field.type == event::ValueType::null) { continue; }
        present = true;
        if (holds(node, field.text)) { return true; }
    }
    return node.place == Place::source && !present &&
           holds(node, sources->name(static_cast<std::uint32_t>(row.source)));
}

bool RowFilter::Impl::time_matches(const Node& node, common::Nanos time) const {
    if (node.kind == event::Filter::Kind::compare) {
        return compare(static_cast<double>(time), node.op, node.number_value);
    }
    return holds(node, common::format_rfc3339(time));
}

bool RowFilter::Impl::any_matches(const Node& node, const BlockRow& row) const {
    using Kind = event::Filter::Kind;
    if (!node.in_block) { return false; }
    const bool literal = (node.kind == Kind::glob || node.kind == Kind::phrase) && node.glob.empty();
    // A comparison or a network is about a value; a whole line is none.
    const bool whole_line = node.kind != Kind::compare && node.kind != Kind::cidr;
    if (literal && node.ascii && raw_ascii) {
        const auto offset = static_cast<std::size_t>(row.raw.data() - raw.data());
        const auto line = lowered.view().substr(row.raw.empty() ? 0 : offset, row.raw.size());
        if (contains(line, node.folded)) { return true; }
    } else if (whole_line && holds(node, row.raw)) {
        return true;
    }
    return std::any_of(row.fields.begin(), row.fields.end(), [&](const BlockField& field) {
        // What stands verbatim in a raw line was found, or not, with the line.
        const bool in_raw = std::less_equal<>()(raw.data(), field.text.data()) &&
                            std::less<>()(field.text.data(), raw.data() + raw.size());
        if (literal && in_raw) { return false; }
        return field.type != event::ValueType::null && holds(node, field.text);
    });
}

} // namespace canhgac::storage

#include "engine/field_matcher.hpp"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/database_cache.hpp"
#include "engine/stated_time.hpp"
#include "text/fold.hpp"
#include "text/utf8.hpp"

namespace canhgac::engine {
namespace {

using rules::Op;
using PartKind = rules::PatternPart::Kind;

constexpr std::uint32_t kConfirmBit = 0x8000'0000U;

std::size_t whole_lines(std::size_t bytes) noexcept {
    constexpr std::size_t kCacheLine = 64;
    return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

/// What a pattern is in the end. Patterns are normal here: no empty literals, no equal neighbours.
struct PatternShape {
    bool open_start = false;
    bool open_end = false;
    bool inner = false; ///< wildcards between literals, or any single-character wildcard
    std::size_t literals = 0;
    std::string_view longest;
};

PatternShape shape_of(const std::vector<rules::PatternPart>& parts) noexcept {
    PatternShape shape;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const rules::PatternPart& part = parts[i];
        if (part.kind == PartKind::literal) {
            ++shape.literals;
            if (part.text.size() > shape.longest.size()) { shape.longest = part.text; }
        } else if (part.kind == PartKind::any && i == 0) {
            shape.open_start = true;
        } else if (part.kind == PartKind::any && i + 1 == parts.size()) {
            shape.open_end = true;
        } else {
            shape.inner = true;
        }
    }
    if (shape.literals > 1) { shape.inner = true; }
    return shape;
}

bool matches_any_value(const std::vector<rules::PatternPart>& parts) noexcept {
    return parts.size() == 1 && parts.front().kind == PartKind::any;
}

double literal_frequency(std::size_t size) noexcept {
    static constexpr double kBySize[] = {1000, 400, 150, 40, 12, 6, 3, 2};
    return size < std::size(kBySize) ? kBySize[size] : 1.0;
}

double base_frequency(const rules::Predicate& predicate) noexcept {
    switch (predicate.op) {
    case Op::matches: {
        if (matches_any_value(predicate.pattern)) { return 1000; }
        const PatternShape shape = shape_of(predicate.pattern);
        if (shape.inner || (shape.open_start && shape.open_end)) { return literal_frequency(shape.longest.size()); }
        return std::max(4.0, literal_frequency(shape.longest.size()) / 4);
    }
    case Op::regex:
        return 20;
    case Op::cidr:
        return 100;
    case Op::equal_number:
        return 150;
    case Op::is_null:
        return 100;
    case Op::exists:
        return 2000;
    default:
        return 500;
    }
}

} // namespace

double estimated_frequency(const FieldTest& test) noexcept {
    // A text that many rules name is one that many events have.
    return base_frequency(test.predicate) * (1.0 + 0.5 * test.uses);
}

std::size_t FieldMatcher::TextHash::operator()(std::string_view text) const noexcept {
    return XXH3_64bits(text.data(), text.size());
}

/// What is collected before databases are made.
struct FieldMatcher::Drafts {
    /// Expression -> targets; a map so that equal inputs give equal databases.
    using Literals = std::map<std::string, std::vector<std::uint32_t>>;
    Literals folded;
    Literals cased;
    std::map<std::string, std::vector<Atom>> exact_folded;
    std::map<std::string, std::vector<Atom>> exact_cased;
    std::vector<text::Pattern> regexes;
    std::vector<Test> regex_tests;
    std::vector<std::vector<Atom>> regex_atoms;
};

void FieldMatcher::add_pattern_test(const rules::Predicate& predicate, const std::vector<Atom>& atoms, Drafts& drafts) {
    if (matches_any_value(predicate.pattern)) {
        when_value_.insert(when_value_.end(), atoms.begin(), atoms.end());
        return;
    }
    const PatternShape shape = shape_of(predicate.pattern);
    const std::string literal = predicate.cased ? std::string(shape.longest) : text::fold(shape.longest);
    auto& literals = predicate.cased ? drafts.cased : drafts.folded;
    if (shape.inner) {
        Confirm confirm;
        confirm.cased = predicate.cased;
        confirm.atoms = atoms;
        confirm.texts.reserve(predicate.pattern.size());
        for (const rules::PatternPart& part : predicate.pattern) {
            confirm.texts.push_back(part.text);
            const auto kind = part.kind == PartKind::literal ? text::GlobPart::Kind::literal
                              : part.kind == PartKind::any   ? text::GlobPart::Kind::any
                                                             : text::GlobPart::Kind::one;
            confirm.parts.push_back({kind, confirm.texts.back()});
        }
        const auto index = static_cast<std::uint32_t>(confirms_.size());
        confirms_.push_back(std::move(confirm));
        if (literal.empty()) {
            always_confirm_.push_back(index);
        } else {
            literals[text::escape_pattern(literal)].push_back(index | kConfirmBit);
        }
        return;
    }
    if (!shape.open_start && !shape.open_end) {
        auto& exact = predicate.cased ? drafts.exact_cased : drafts.exact_folded;
        auto& list = exact[literal];
        list.insert(list.end(), atoms.begin(), atoms.end());
        return;
    }
    auto& list =
        literals[(shape.open_start ? "" : "^") + text::escape_pattern(literal) + (shape.open_end ? "" : "\\z")];
    list.insert(list.end(), atoms.begin(), atoms.end());
}

void FieldMatcher::add_test(const rules::Predicate& predicate, Test test, const std::vector<Atom>& atoms,
                            Drafts& drafts) {
    const auto append = [&atoms](std::vector<Atom>& to) { to.insert(to.end(), atoms.begin(), atoms.end()); };
    switch (predicate.op) {
    case Op::matches:
        add_pattern_test(predicate, atoms, drafts);
        break;
    case Op::regex:
        drafts.regexes.push_back(
            {predicate.text, true, predicate.regex_ignore_case, predicate.regex_multiline, predicate.regex_dotall});
        drafts.regex_tests.push_back(test);
        drafts.regex_atoms.push_back(atoms);
        break;
    case Op::cidr: {
        Network network;
        network.network.address = {predicate.network, predicate.is_ipv6};
        network.network.prefix_bits = predicate.prefix_bits;
        network.atoms = atoms;
        networks_.push_back(std::move(network));
        break;
    }
    case Op::equal_number:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
        if (predicate.time_part != rules::TimePart::none) {
            time_comparisons_.push_back({predicate.op, predicate.time_part, predicate.number, atoms});
        } else if (predicate.op == Op::equal_number) {
            append(numbers_[predicate.number]);
        } else {
            comparisons_.push_back({predicate.op, predicate.time_part, predicate.number, atoms});
        }
        break;
    case Op::boolean:
        append(predicate.expected ? when_true_ : when_false_);
        break;
    case Op::is_null:
        append(when_null_);
        break;
    case Op::exists:
        append(when_present_);
        break;
    case Op::field_equals:
    case Op::field_contains:
    case Op::field_startswith:
    case Op::field_endswith:
        break; // compared per event, not here
    }
}

std::optional<FieldMatcher::Scan> FieldMatcher::make_scan(const std::vector<text::Pattern>& patterns, Lists targets,
                                                          const std::filesystem::path& cache_dir,
                                                          text::PatternError& error) {
    bool cached = false;
    auto set = compile_cached(patterns, cache_dir, cached);
    if (!set) {
        error = std::move(set.error());
        return std::nullopt;
    }
    ++stats_.databases;
    stats_.from_cache += cached ? 1U : 0U;
    stats_.bytes += set->size_bytes();
    stats_.largest = std::max(stats_.largest, patterns.size());
    return Scan{std::move(*set), std::move(targets)};
}

void FieldMatcher::compile_regexes(Drafts& drafts, const std::filesystem::path& cache_dir,
                                   std::vector<RefusedTest>& refused) {
    std::vector<std::size_t> left(drafts.regexes.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        left[i] = i;
    }
    const auto compile_some = [&](const std::vector<std::size_t>& which, text::PatternError& error) {
        std::vector<text::Pattern> patterns;
        Lists targets;
        for (const std::size_t i : which) {
            patterns.push_back(drafts.regexes[i]);
            targets.add(drafts.regex_atoms[i]);
        }
        auto made = make_scan(patterns, std::move(targets), cache_dir, error);
        if (made) { regexes_.push_back(std::move(*made)); }
        return made.has_value();
    };
    while (!left.empty()) {
        text::PatternError error;
        if (compile_some(left, error)) { return; }
        if (error.index != text::PatternError::kWhole) {
            const auto at = left.begin() + static_cast<std::ptrdiff_t>(error.index);
            refused.push_back({drafts.regex_tests[*at], error.message});
            left.erase(at);
            continue;
        }
        // Together too much: each alone.
        for (const std::size_t i : left) {
            if (!compile_some({i}, error)) { refused.push_back({drafts.regex_tests[i], error.message}); }
        }
        return;
    }
}

std::vector<RefusedTest> FieldMatcher::compile(const std::vector<FieldTest>& tests,
                                               const std::vector<std::vector<Atom>>& atoms_of,
                                               const std::filesystem::path& cache_dir) {
    Drafts drafts;
    for (std::size_t i = 0; i < tests.size(); ++i) {
        if (!atoms_of[i].empty()) { add_test(tests[i].predicate, static_cast<Test>(i), atoms_of[i], drafts); }
    }
    const auto literals = [&](const Drafts::Literals& drafted) -> std::optional<Scan> {
        if (drafted.empty()) { return std::nullopt; }
        std::vector<text::Pattern> patterns;
        Lists targets;
        for (const auto& [expression, list] : drafted) {
            patterns.push_back({expression});
            targets.add(list);
        }
        text::PatternError error;
        auto made = make_scan(patterns, std::move(targets), cache_dir, error);
        // Escaped literals are always valid; what is left is a lack of memory.
        if (!made) { throw std::bad_alloc(); }
        return made;
    };
    folded_ = literals(drafts.folded);
    cased_ = literals(drafts.cased);
    const auto exact = [](const std::map<std::string, std::vector<Atom>>& drafted, ExactTable& table) {
        for (const auto& [value, atoms] : drafted) {
            table.index.emplace(value, static_cast<std::uint32_t>(table.atoms.size()));
            table.atoms.add(atoms);
            table.min_size = std::min(table.min_size, value.size());
            table.max_size = std::max(table.max_size, value.size());
        }
    };
    exact(drafts.exact_folded, exact_folded_);
    exact(drafts.exact_cased, exact_cased_);
    set_joinable(tests);
    std::vector<RefusedTest> refused;
    compile_regexes(drafts, cache_dir, refused);
    return refused;
}

void FieldMatcher::set_joinable(const std::vector<FieldTest>& tests) {
    joinable_ = !tests.empty();
    min_value_bytes_ = static_cast<std::size_t>(-1);
    for (const FieldTest& test : tests) {
        const rules::Predicate& p = test.predicate;
        const PatternShape shape = shape_of(p.pattern);
        if (p.op != Op::matches || p.cased || shape.inner || !shape.open_start || !shape.open_end ||
            shape.longest.empty() || shape.longest.find(kSeparator) != std::string_view::npos) {
            joinable_ = false;
            return;
        }
        // Folding may make a text longer by half.
        min_value_bytes_ = std::min(min_value_bytes_, text::fold(shape.longest).size() * 2 / 3);
    }
}

bool FieldMatcher::anything_in(std::string_view folded, MatcherScratch& scratch) const noexcept {
    folded_->set.scan(folded, scratch.patterns, scratch.hits);
    const bool found = !scratch.hits.indexes().empty();
    scratch.hits.clear();
    return found;
}

std::size_t FieldMatcher::gather_bytes() const noexcept {
    std::size_t bytes = 0;
    visit_scans(*this, [&bytes](const Scan& scan) { bytes += whole_lines(scan.set.size_bytes()); });
    return bytes;
}

void FieldMatcher::gather(std::span<std::byte>& place) {
    visit_scans(*this, [&place](Scan& scan) {
        const std::size_t bytes = whole_lines(scan.set.size_bytes());
        if (bytes <= place.size() && scan.set.move_to(place.first(bytes))) { place = place.subspan(bytes); }
    });
}

void FieldMatcher::prepare(MatcherScratch& scratch) const {
    scratch.hits.reserve(stats_.largest);
    visit_scans(*this, [&scratch](const Scan& scan) { scratch.patterns.prepare(scan.set); });
}

void FieldMatcher::report(std::span<const Atom> atoms, MatcherScratch& scratch, std::vector<Atom>& out) {
    for (const Atom atom : atoms) {
        if (scratch.seen[atom] != scratch.epoch) {
            scratch.seen[atom] = scratch.epoch;
            out.push_back(atom);
        }
    }
}

void FieldMatcher::report_exact(const ExactTable& table, std::string_view value, MatcherScratch& scratch,
                                std::vector<Atom>& out) {
    if (value.size() < table.min_size || value.size() > table.max_size) { return; }
    const auto found = table.index.find(value);
    if (found != table.index.end()) { report(table.atoms[found->second], scratch, out); }
}

void FieldMatcher::scan(const Scan& with, std::string_view value, std::string_view original, MatcherScratch& scratch,
                        std::vector<Atom>& out) const {
    with.set.scan(value, scratch.patterns, scratch.hits);
    for (const std::uint32_t hit : scratch.hits.indexes()) {
        for (const std::uint32_t target : with.targets[hit]) {
            if ((target & kConfirmBit) == 0) {
                report({&target, 1}, scratch, out);
                continue;
            }
            const Confirm& confirm = confirms_[target & ~kConfirmBit];
            if (text::glob_match(confirm.parts, original, confirm.cased)) { report(confirm.atoms, scratch, out); }
        }
    }
    scratch.hits.clear();
}

void FieldMatcher::report_compared(const Comparison& comparison, double number, MatcherScratch& scratch,
                                   std::vector<Atom>& out) {
    const bool holds = comparison.op == Op::less           ? number < comparison.number
                       : comparison.op == Op::less_equal   ? number <= comparison.number
                       : comparison.op == Op::greater      ? number > comparison.number
                       : comparison.op == Op::equal_number ? number == comparison.number
                                                           : number >= comparison.number;
    if (holds) { report(comparison.atoms, scratch, out); }
}

void FieldMatcher::match_numbers(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const {
    if (!numbers_.empty() || !comparisons_.empty()) {
        if (const auto number = event::parse_number(value)) {
            const auto equal = numbers_.find(*number);
            if (equal != numbers_.end()) { report(equal->second, scratch, out); }
            for (const Comparison& comparison : comparisons_) {
                report_compared(comparison, *number, scratch, out);
            }
        }
    }
    if (time_comparisons_.empty()) { return; }
    if (const auto time = stated_time(value)) {
        for (const Comparison& comparison : time_comparisons_) {
            const int part = time->part(comparison.time_part);
            if (part != StatedTime::kUnstated) { report_compared(comparison, part, scratch, out); }
        }
    }
}

void FieldMatcher::match_typed(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const {
    match_numbers(value, scratch, out);
    if (!networks_.empty()) {
        if (const auto address = common::parse_ip(value)) {
            for (const Network& network : networks_) {
                if (network.network.contains(*address)) { report(network.atoms, scratch, out); }
            }
        }
    }
    if (!when_true_.empty() && text::equals_folded(value, "true")) { report(when_true_, scratch, out); }
    if (!when_false_.empty() && text::equals_folded(value, "false")) { report(when_false_, scratch, out); }
}

void FieldMatcher::match(std::string_view value, MatcherScratch& scratch, std::vector<Atom>& out) const {
    report(when_present_, scratch, out);
    report(when_value_, scratch, out);
    if (folded_ || !exact_folded_.index.empty()) {
        scratch.folded.clear();
        scratch.folded.append(value);
        const std::string_view folded = scratch.folded.view();
        if (folded_) { scan(*folded_, folded, value, scratch, out); }
        report_exact(exact_folded_, folded, scratch, out);
    }
    if (cased_) { scan(*cased_, value, value, scratch, out); }
    report_exact(exact_cased_, value, scratch, out);
    if (!regexes_.empty()) {
        const bool valid = text::is_valid_utf8(value);
        const std::string repaired = valid ? std::string() : text::repair_utf8(value);
        for (const Scan& regex : regexes_) {
            scan(regex, valid ? value : std::string_view(repaired), value, scratch, out);
        }
    }
    for (const std::uint32_t index : always_confirm_) {
        const Confirm& confirm = confirms_[index];
        if (text::glob_match(confirm.parts, value, confirm.cased)) { report(confirm.atoms, scratch, out); }
    }
    match_typed(value, scratch, out);
}

void FieldMatcher::match_null(MatcherScratch& scratch, std::vector<Atom>& out) const {
    report(when_present_, scratch, out);
    report(when_null_, scratch, out);
}

} // namespace canhgac::engine

#include "text/pattern_set.hpp"

#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

#include <hs/hs.h>

#include "common/ensure.hpp"

namespace canhgac::text {
namespace {

unsigned flags_of(const Pattern& pattern) noexcept {
    unsigned flags = HS_FLAG_ALLOWEMPTY;
    if (pattern.utf8) { flags |= HS_FLAG_UTF8; }
    if (pattern.ignore_case) { flags |= HS_FLAG_CASELESS; }
    if (pattern.multiline) { flags |= HS_FLAG_MULTILINE; }
    if (pattern.dotall) { flags |= HS_FLAG_DOTALL; }
    return flags;
}

hs_database_t* database_of(void* database) noexcept {
    return static_cast<hs_database_t*>(database);
}

} // namespace

std::string escape_pattern(std::string_view text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size() + 8);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (plain || byte >= 0x80) {
            out.push_back(c);
        } else {
            out += "\\x";
            out.push_back(kHex[byte >> 4U]);
            out.push_back(kHex[byte & 15U]);
        }
    }
    return out;
}

std::string check_pattern(const Pattern& pattern) {
    auto set = PatternSet::compile({&pattern, 1});
    return set ? std::string() : set.error().message;
}

void HitSet::reserve(std::size_t patterns) {
    if (seen_.size() * 64 < patterns) { seen_.resize((patterns + 63) / 64); }
    indexes_.reserve(patterns);
}

void HitSet::clear() noexcept {
    for (const std::uint32_t index : indexes_) {
        seen_[index / 64] = 0;
    }
    indexes_.clear();
}

int HitSet::on_match(unsigned int id, unsigned long long /*from*/, unsigned long long /*to*/, unsigned int /*flags*/,
                     void* self) noexcept {
    auto& hits = *static_cast<HitSet*>(self);
    std::uint64_t& word = hits.seen_[id / 64];
    const std::uint64_t bit = 1ULL << (id % 64);
    if ((word & bit) == 0) {
        word |= bit;
        hits.indexes_.push_back(id); // reserved for all patterns: never grows
    }
    return 0;
}

PatternScratch::PatternScratch(PatternScratch&& other) noexcept : scratch_(std::exchange(other.scratch_, nullptr)) {}

PatternScratch& PatternScratch::operator=(PatternScratch&& other) noexcept {
    std::swap(scratch_, other.scratch_);
    return *this;
}

PatternScratch::~PatternScratch() {
    hs_free_scratch(static_cast<hs_scratch_t*>(scratch_));
}

void PatternScratch::prepare(const PatternSet& set) {
    auto* scratch = static_cast<hs_scratch_t*>(scratch_);
    const hs_error_t error = hs_alloc_scratch(database_of(set.database_), &scratch);
    scratch_ = scratch;
    if (error != HS_SUCCESS) { throw std::bad_alloc(); }
}

common::Result<PatternSet, PatternError> PatternSet::compile(std::span<const Pattern> patterns) {
    std::vector<const char*> expressions;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        if (patterns[i].expression.find('\0') != std::string::npos) {
            return common::fail(PatternError{i, "a NUL byte cannot be in an expression, write \\x00"});
        }
        expressions.push_back(patterns[i].expression.c_str());
        flags.push_back(flags_of(patterns[i]));
        ids.push_back(static_cast<unsigned>(i));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    const hs_error_t status =
        hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                         nullptr, &database, &error);
    if (status != HS_SUCCESS) {
        PatternError problem;
        problem.index = error != nullptr && error->expression >= 0 ? static_cast<std::size_t>(error->expression)
                                                                   : PatternError::kWhole;
        problem.message = error != nullptr ? error->message : "out of memory";
        hs_free_compile_error(error);
        return common::fail(std::move(problem));
    }
    return PatternSet(database);
}

std::optional<PatternSet> PatternSet::deserialize(std::string_view bytes) {
    hs_database_t* database = nullptr;
    if (hs_deserialize_database(bytes.data(), bytes.size(), &database) != HS_SUCCESS) { return std::nullopt; }
    return PatternSet(database);
}

std::string PatternSet::serialize() const {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database_of(database_), &bytes, &size) != HS_SUCCESS) { throw std::bad_alloc(); }
    std::string out(bytes, size);
    std::free(bytes);
    return out;
}

bool PatternSet::move_to(std::span<std::byte> place) {
    const std::string bytes = serialize();
    std::size_t needed = 0;
    if (hs_serialized_database_size(bytes.data(), bytes.size(), &needed) != HS_SUCCESS || needed > place.size()) {
        return false;
    }
    auto* const database = reinterpret_cast<hs_database_t*>(place.data());
    if (hs_deserialize_database_at(bytes.data(), bytes.size(), database) != HS_SUCCESS) { return false; }
    if (!placed_) { hs_free_database(database_of(database_)); }
    database_ = database;
    placed_ = true;
    return true;
}

PatternSet::PatternSet(PatternSet&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), placed_(std::exchange(other.placed_, false)) {}

PatternSet& PatternSet::operator=(PatternSet&& other) noexcept {
    std::swap(database_, other.database_);
    std::swap(placed_, other.placed_);
    return *this;
}

PatternSet::~PatternSet() {
    if (!placed_) { hs_free_database(database_of(database_)); }
}

void PatternSet::scan(std::string_view value, PatternScratch& scratch, HitSet& hits) const noexcept {
    common::ensure(value.size() <= std::numeric_limits<unsigned>::max(), "a field value is below 512 MiB");
    const hs_error_t status =
        hs_scan(database_of(database_), value.empty() ? "" : value.data(), static_cast<unsigned>(value.size()), 0,
                static_cast<hs_scratch_t*>(scratch.scratch_), &HitSet::on_match, &hits);
    common::ensure(status == HS_SUCCESS, "scratch was prepared for this set and is not in use");
}

std::size_t PatternSet::size_bytes() const noexcept {
    std::size_t size = 0;
    if (database_ == nullptr || hs_database_size(database_of(database_), &size) != HS_SUCCESS) { return 0; }
    return size;
}

std::string pattern_library_version() {
    return hs_version();
}

} // namespace canhgac::text

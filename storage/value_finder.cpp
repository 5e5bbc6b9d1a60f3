#include "storage/value_finder.hpp"

#include <algorithm>
#include <cstring>

#include "storage/segment_format.hpp"

namespace canhgac::storage {

namespace {

/// How far behind the value before a value is searched for in the line.
constexpr std::size_t kSealSearchWindow = 512;
/// Shorter texts are only taken for the value if they stand between other characters than letters and digits.
constexpr std::size_t kSureSize = 8;
/// After so many searches in vain a field is believed not to stand in the line, and only every so many rows tried
/// again.
constexpr std::uint32_t kMostMisses = 8;
constexpr std::uint32_t kTryAgainAfter = 16;

bool is_word(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// What stands at `at` is not a part of a longer word, as far as that matters.
bool stands_alone(std::string_view raw, std::size_t at, std::size_t size) noexcept {
    const std::size_t end = at + size;
    return size >= kSureSize || ((at == 0 || !is_word(raw[at - 1])) && (end == raw.size() || !is_word(raw[end])));
}

/// Where `text` stands in `raw` from `start` on, near; npos if nowhere.
std::size_t find_near(std::string_view raw, std::size_t start, std::string_view text) noexcept {
    const std::string_view window = raw.substr(start, kSealSearchWindow + text.size());
    for (std::size_t from = 0; from < window.size();) {
        const void* at = ::memmem(window.data() + from, window.size() - from, text.data(), text.size());
        if (at == nullptr) { break; }
        const std::size_t found = start + static_cast<std::size_t>(static_cast<const char*>(at) - window.data());
        if (stands_alone(raw, found, text.size())) { return found; }
        from = found - start + 1;
    }
    return std::string_view::npos;
}

bool needs_escape(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20U; });
}

} // namespace

void ValueFinder::reset() {
    habits_.clear();
    for (Escaped& each : escaped_) {
        each.text = {};
    }
}

const ValueFinder::Escaped& ValueFinder::escape(std::string_view text) {
    const auto place = reinterpret_cast<std::uintptr_t>(text.data()) * 0x9E3779B97F4A7C15U;
    Escaped& known = escaped_[place >> 56U];
    if (known.text.data() == text.data() && known.text.size() == text.size()) { return known; }
    known.text = text;
    known.differs = needs_escape(text);
    if (known.differs) {
        known.form.resize(json_escaped_size(text));
        put_json_escaped(text, known.form.data());
    }
    return known;
}

std::span<const ValueSpan> ValueFinder::find(const BlockRow& row, std::uint32_t shape) {
    if (habits_.size() <= shape) { habits_.resize(shape + 1U); }
    std::vector<Habit>& habits = habits_[shape];
    if (habits.size() < row.fields.size()) { habits.resize(row.fields.size()); }
    found_.clear();
    std::size_t last_end = 0;
    for (std::uint32_t slot = 0; slot < row.fields.size(); ++slot) {
        ValueSpan span;
        span.slot = slot;
        if (!find_value(row.raw, row.fields[slot].text, last_end, habits[slot], span)) { continue; }
        found_.push_back(span);
        last_end = span.offset + span.size;
    }
    return found_;
}

bool ValueFinder::find_value(std::string_view raw, std::string_view text, std::size_t last_end, Habit& habit,
                             ValueSpan& span) {
    if (text.empty() || text.size() > raw.size()) { return false; }
    const auto distance = reinterpret_cast<std::uintptr_t>(text.data()) - reinterpret_cast<std::uintptr_t>(raw.data());
    if (distance <= raw.size() - text.size()) {
        span.offset = static_cast<std::uint32_t>(distance);
        span.size = static_cast<std::uint32_t>(text.size());
        return true;
    }
    if (habit.known && stands_at(raw, last_end + habit.gap, text, span)) { return true; }
    if (habit.misses >= kMostMisses && ++habit.waited < kTryAgainAfter) { return false; }
    habit.waited = 0;
    if (!search(raw, last_end, text, span)) {
        ++habit.misses;
        return false;
    }
    habit.known = true;
    habit.misses = 0;
    habit.gap = static_cast<std::uint32_t>(span.offset - last_end);
    return true;
}

bool ValueFinder::stands_at(std::string_view raw, std::size_t offset, std::string_view text, ValueSpan& span) {
    if (offset >= raw.size()) { return false; }
    const std::string_view rest = raw.substr(offset);
    std::string_view wanted = text;
    if (!rest.starts_with(wanted)) {
        const Escaped& escaped = escape(text);
        wanted = escaped.form;
        if (!escaped.differs || !rest.starts_with(wanted)) { return false; }
        span.escaped = true;
    }
    span.offset = static_cast<std::uint32_t>(offset);
    span.size = static_cast<std::uint32_t>(wanted.size());
    if (stands_alone(raw, offset, wanted.size())) { return true; }
    span.escaped = false;
    return false;
}

bool ValueFinder::search(std::string_view raw, std::size_t start, std::string_view text, ValueSpan& span) {
    const Escaped& escaped = escape(text);
    const std::string_view wanted = escaped.differs ? std::string_view(escaped.form) : text;
    const std::size_t found = find_near(raw, start, wanted);
    if (found == std::string_view::npos) { return false; }
    span.offset = static_cast<std::uint32_t>(found);
    span.size = static_cast<std::uint32_t>(wanted.size());
    span.escaped = escaped.differs;
    return true;
}

} // namespace canhgac::storage

// STIX 2.1 patterns (section 9) as far as they are lists of equal values.
#include "engine/intel/list_reader.hpp"

namespace canhgac::engine {

namespace {

bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Recursive descent without recursion: brackets and OR only.
class PatternReader {
public:
    PatternReader(std::string_view text, std::vector<StixComparison>& out) noexcept : rest_(text), out_(out) {}

    bool read() {
        do {
            if (!read_observation()) { return false; }
        } while (take_word("OR"));
        skip();
        return rest_.empty();
    }

private:
    static constexpr std::size_t kMaxComparisons = 10'000;

    void skip() noexcept {
        while (!rest_.empty() && is_blank(rest_.front())) {
            rest_.remove_prefix(1);
        }
    }
    bool take(char c) noexcept {
        skip();
        if (!rest_.starts_with(c)) { return false; }
        rest_.remove_prefix(1);
        return true;
    }
    bool take_word(std::string_view word) noexcept {
        skip();
        if (!rest_.starts_with(word) ||
            (rest_.size() > word.size() && !is_blank(rest_[word.size()]) && rest_[word.size()] != '[' &&
             rest_[word.size()] != '(' && rest_[word.size()] != '\'')) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }
    /// "[ a OR b ]", in parentheses or not.
    bool read_observation() {
        std::size_t open = 0;
        while (take('(')) {
            ++open;
        }
        if (!take('[')) { return false; }
        do {
            if (!read_group()) { return false; }
        } while (take_word("OR"));
        if (!take(']')) { return false; }
        while (open > 0) {
            if (!take(')')) {
                // "([a] OR [b])": the closing comes after the last observation.
                if (!take_word("OR") || !take('[')) { return false; }
                do {
                    if (!read_group()) { return false; }
                } while (take_word("OR"));
                if (!take(']')) { return false; }
                continue;
            }
            --open;
        }
        return true;
    }
    /// A comparison, or comparisons joined by OR in parentheses.
    bool read_group() {
        if (!take('(')) { return read_comparison(); }
        do {
            if (!read_comparison()) { return false; }
        } while (take_word("OR"));
        return take(')');
    }
    bool read_comparison() {
        std::string path;
        if (out_.size() >= kMaxComparisons || !read_path(path)) { return false; }
        if (take('=')) { return read_value(path); }
        if (take_word("ISSUBSET")) { return path.ends_with("-addr:value") && read_value(path); }
        if (!take_word("IN") || !take('(')) { return false; }
        do {
            if (!read_value(path)) { return false; }
        } while (take(','));
        return take(')');
    }
    bool read_path(std::string& path) {
        skip();
        bool quoted = false;
        std::size_t size = 0;
        for (; size < rest_.size(); ++size) {
            const char c = rest_[size];
            if (c == '\'') { quoted = !quoted; }
            if (!quoted && (is_blank(c) || c == '=' || c == '!' || c == '<' || c == '>' || c == ']' || c == '(')) {
                break;
            }
        }
        path = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return !quoted && path.find(':') != std::string::npos;
    }
    bool read_value(const std::string& path) {
        if (!take('\'')) { return false; }
        std::string value;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            if (rest_[i] == '\'') {
                rest_.remove_prefix(i + 1);
                out_.push_back({path, std::move(value)});
                return true;
            }
            if (rest_[i] == '\\' && ++i == rest_.size()) { return false; }
            value += rest_[i];
        }
        return false;
    }

    std::string_view rest_;
    std::vector<StixComparison>& out_;
};

} // namespace

bool read_stix_pattern(std::string_view pattern, std::vector<StixComparison>& out) {
    out.clear();
    return PatternReader(pattern, out).read();
}

} // namespace canhgac::engine

#include "text/glob.hpp"

#include <cstddef>

#include "text/fold.hpp"
#include "text/utf8.hpp"

namespace canhgac::text {
namespace {

/// A place in a pattern: part and byte inside a literal part.
struct Place {
    std::size_t part = 0;
    std::size_t byte = 0;
};

void skip_empty(std::span<const GlobPart> pattern, Place& place) noexcept {
    while (place.part < pattern.size() && pattern[place.part].kind == GlobPart::Kind::literal &&
           place.byte >= pattern[place.part].text.size()) {
        ++place.part;
        place.byte = 0;
    }
}

} // namespace

bool glob_match(std::span<const GlobPart> pattern, std::string_view value, bool cased) noexcept {
    Place place;
    std::size_t at = 0;
    Place resume;              // just after the last `any`
    std::size_t resume_at = 0; // where in the value that `any` ends for now
    bool seen_any = false;
    for (;;) {
        skip_empty(pattern, place);
        if (place.part < pattern.size() && pattern[place.part].kind == GlobPart::Kind::any) {
            ++place.part;
            place.byte = 0;
            resume = place;
            resume_at = at;
            seen_any = true;
            continue;
        }
        const Decoded have = decode(value, at);
        bool step = false;
        if (place.part == pattern.size()) {
            if (have.size == 0) { return true; }
        } else if (have.size != 0 && pattern[place.part].kind == GlobPart::Kind::one) {
            ++place.part;
            step = true;
        } else if (have.size != 0) {
            const Decoded want = decode(pattern[place.part].text, place.byte);
            step = cased ? want.code == have.code : fold(want.code) == fold(have.code);
            if (step) { place.byte += want.size; }
        }
        if (step) {
            at += have.size;
            continue;
        }
        // Let the last `any` take one more character.
        if (!seen_any || resume_at >= value.size()) { return false; }
        resume_at += decode(value, resume_at).size;
        at = resume_at;
        place = resume;
    }
}

std::vector<GlobPart> parse_glob(std::string_view source, std::string& storage) {
    storage.clear();
    storage.reserve(source.size()); // no growth later: the parts view it
    std::vector<GlobPart> parts;
    std::size_t start = 0;
    const auto flush = [&] {
        if (storage.size() > start) {
            parts.push_back({GlobPart::Kind::literal, std::string_view(storage).substr(start)});
            start = storage.size();
        }
    };
    for (std::size_t i = 0; i < source.size(); ++i) {
        const char c = source[i];
        if (c == '\\' && i + 1 < source.size() &&
            (source[i + 1] == '*' || source[i + 1] == '?' || source[i + 1] == '\\')) {
            storage.push_back(source[++i]);
        } else if (c == '*' || c == '?') {
            flush();
            parts.push_back({c == '*' ? GlobPart::Kind::any : GlobPart::Kind::one, {}});
        } else {
            storage.push_back(c);
        }
    }
    flush();
    return parts;
}

} // namespace canhgac::text

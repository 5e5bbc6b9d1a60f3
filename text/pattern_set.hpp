/// Many patterns searched in one value at once (Hyperscan, block mode). The only place that knows the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace canhgac::text {

/// A Perl-like expression without look-around and back-references. It is searched anywhere in the value unless it
/// begins with ^ or ends with \z. `utf8`: characters, not bytes; the values scanned must then be valid UTF-8.
struct Pattern {
    std::string expression;
    bool utf8 = false;
    bool ignore_case = false;
    bool multiline = false;
    bool dotall = false;
};

/// `text` as an expression that matches exactly these bytes.
[[nodiscard]] std::string escape_pattern(std::string_view text);
/// Empty when the pattern compiles alone, else the library's message. Slow (compiles it).
[[nodiscard]] std::string check_pattern(const Pattern& pattern);

struct PatternError {
    std::size_t index = 0; ///< of the pattern refused; `kWhole` when the set as a whole failed
    std::string message;
    static constexpr std::size_t kWhole = static_cast<std::size_t>(-1);
};

/// Which patterns of a set matched a value: indexes without repetition, in the order seen.
class HitSet {
public:
    /// Room for sets of up to `patterns` patterns. Allocates.
    void reserve(std::size_t patterns);
    /// Forgets the hits; costs as much as there are.
    void clear() noexcept;
    [[nodiscard]] std::span<const std::uint32_t> indexes() const noexcept { return indexes_; }

private:
    friend class PatternSet;
    static int on_match(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags,
                        void* self) noexcept;
    std::vector<std::uint64_t> seen_;
    std::vector<std::uint32_t> indexes_;
};

class PatternSet;

/// Working memory of a scan: one per thread, for any number of sets. Not thread safe.
class PatternScratch {
public:
    PatternScratch() noexcept = default;
    PatternScratch(PatternScratch&& other) noexcept;
    PatternScratch& operator=(PatternScratch&& other) noexcept;
    PatternScratch(const PatternScratch&) = delete;
    PatternScratch& operator=(const PatternScratch&) = delete;
    ~PatternScratch();
    /// Must be called for every set before it is scanned with this scratch. Throws std::bad_alloc.
    void prepare(const PatternSet& set);

private:
    friend class PatternSet;
    void* scratch_ = nullptr;
};

/// Immutable once made; const use is thread safe.
class PatternSet {
public:
    /// Pattern i is reported as index i. Error: the first pattern refused and why.
    [[nodiscard]] static common::Result<PatternSet, PatternError> compile(std::span<const Pattern> patterns);
    /// What serialize() gave, on the same library version and processor family; nothing if it is anything else.
    [[nodiscard]] static std::optional<PatternSet> deserialize(std::string_view bytes);
    [[nodiscard]] std::string serialize() const;

    PatternSet(PatternSet&& other) noexcept;
    PatternSet& operator=(PatternSet&& other) noexcept;
    PatternSet(const PatternSet&) = delete;
    PatternSet& operator=(const PatternSet&) = delete;
    ~PatternSet();

    /// Adds the indexes of all patterns found in `value` to `hits`. No allocation once `hits` and `scratch` are warm.
    void scan(std::string_view value, PatternScratch& scratch, HitSet& hits) const noexcept;
    [[nodiscard]] std::size_t size_bytes() const noexcept;
    /// Moves the database into `place`, which must live as long as the set. False, and nothing changed, when it is
    /// smaller than size_bytes() or not aligned to 8 bytes. Databases that lie together in large pages are scanned
    /// faster: see common/page_buffer.hpp.
    bool move_to(std::span<std::byte> place);

private:
    friend class PatternScratch;
    explicit PatternSet(void* database) noexcept : database_(database) {}
    void* database_ = nullptr;
    bool placed_ = false; ///< in memory of somebody else
};

/// Version of the library and of its database format, for cache keys.
[[nodiscard]] std::string pattern_library_version();

} // namespace canhgac::text

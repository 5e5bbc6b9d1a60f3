/// Which four-byte pieces the folded texts of a block have: rules out blocks for any substring, any case (STORAGE.md
/// section 2, "4-gram bitmap"; here one bitmap a block, decision 0006). Layout: docs/reference/storage-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/fold.hpp"

namespace canhgac::storage {

/// Bytes of a piece: shorter literals rule nothing out.
inline constexpr std::size_t kGramBytes = 4;

/// Collects the pieces of a block's texts; keeps its memory. Not thread safe.
class GramBuilder {
public:
    GramBuilder();
    /// Adds a text as readers compare it, folded. A text seen shortly before costs little.
    void add(std::string_view text);
    /// The same for a text that hardly repeats.
    void add_line(std::string_view text);
    /// The stored form, as small as few pieces allow; empties the builder. No text added may have gone before.
    [[nodiscard]] std::string finish();

private:
    std::vector<std::uint64_t> bits_;
    std::vector<std::string_view> recent_; ///< by hash
    text::FoldBuffer folded_;
};

/// A stored bitmap. Views its bytes.
class GramSet {
public:
    /// Nothing: damaged or from a newer release.
    [[nodiscard]] static std::optional<GramSet> decode(std::string_view value) noexcept;
    /// False: no text of the block contains `folded`.
    [[nodiscard]] bool may_contain(std::string_view folded) const noexcept;

private:
    std::string_view bits_;
    std::uint32_t mask_ = 0;
};

} // namespace canhgac::storage

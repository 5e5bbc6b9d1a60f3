/// The de-duplication keys of the last hour in memory: exact, bounded.
#pragma once

#include <cstdint>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::storage {

/// Not thread safe: the committer's. Two generations of open addressing tables, 10 bytes a slot; a generation lasts one
/// window, so nothing is ever removed singly.
class DedupWindow {
public:
    /// Time resolution: window / 4096.
    DedupWindow(common::Nanos window, std::size_t max_bytes);

    /// False: `key` was inserted less than a window before `now`. Otherwise it is noted as seen now. Keys are not 0.
    [[nodiscard]] bool insert(std::uint64_t key, common::Nanos now);
    /// Takes an insert back (its commit failed).
    void forget(std::uint64_t key) noexcept;
    /// Bytes of both tables.
    [[nodiscard]] std::size_t bytes() const noexcept;
    /// Times a generation ended early because its table was full: the window was shorter than asked.
    [[nodiscard]] std::uint64_t early_rotations() const noexcept { return early_; }

private:
    struct Generation {
        std::vector<std::uint64_t> keys;   ///< 0 = free; empty until the first insert
        std::vector<std::uint16_t> stamps; ///< when; 0 = never (taken back)
        std::size_t used = 0;
        common::Nanos start = 0;
        void resize(std::size_t slots);
    };
    /// The slot of the key, or the free one where it would go. The table is not empty.
    [[nodiscard]] static std::size_t locate(const Generation& generation, std::uint64_t key) noexcept;
    [[nodiscard]] bool live(const Generation& generation, std::size_t slot, std::uint64_t key) const noexcept;
    void rotate();
    void grow();

    common::Nanos window_;
    common::Nanos unit_;
    std::size_t max_slots_; ///< of one generation
    common::Nanos now_ = 0; ///< never goes back
    std::uint16_t stamp_ = 1;
    std::uint64_t early_ = 0;
    Generation current_;
    Generation before_;
};

} // namespace canhgac::storage

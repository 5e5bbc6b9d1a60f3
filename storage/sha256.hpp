/// SHA-256 and the Merkle tree of a batch. Why OpenSSL: docs/decisions/0002-hash-in-storage.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;

namespace canhgac::storage {

using Digest = std::array<std::uint8_t, 32>;

/// A reusable hash computation. Not thread safe; allocates only when made.
class Sha256 {
public:
    Sha256();
    void start() noexcept;
    void add(std::string_view bytes) noexcept;
    [[nodiscard]] Digest finish() noexcept;
    /// start, add, finish.
    [[nodiscard]] Digest of(std::string_view bytes) noexcept;

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Children of an inner node: wide, so that inner nodes cost 6 % of a leaf hash instead of 100 %.
inline constexpr std::size_t kMerkleArity = 16;

/// Leaf = SHA-256(0x00, index u32, received i64, source u32, raw); numbers little-endian.
[[nodiscard]] Digest leaf_hash(Sha256& hash, std::uint32_t index, std::int64_t received, std::uint32_t source,
                               std::string_view raw) noexcept;
/// Root of at least one leaf: inner node = SHA-256(0x01, up to 16 children), level by level. Destroys `leaves`.
[[nodiscard]] Digest merkle_root(Sha256& hash, std::vector<Digest>& leaves) noexcept;

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_hex(const Digest& digest);

[[nodiscard]] inline std::string_view bytes_of(const Digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

} // namespace canhgac::storage

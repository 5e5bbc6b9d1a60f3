/// The hash chain: one record a committed batch, heads signed while written (DESIGN 7, "Tamper evidence").
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.hpp"
#include "storage/sha256.hpp"

namespace canhgac::storage {

inline constexpr std::uint8_t kChainVersion = 1;

/// One batch, kept for ever. `previous` of the first batch is all zeros.
struct ChainRecord {
    std::uint64_t seq = 0; ///< from 1, without gaps
    Digest root{};
    std::uint32_t rows = 0;   ///< leaves of the root
    std::uint32_t stored = 0; ///< rows less duplicates
    common::Nanos time = 0;   ///< of the commit
    common::Nanos min_time = 0;
    common::Nanos max_time = 0;
    Digest duplicates{}; ///< SHA-256 of the bitmap of rows left out
    Digest previous{};
    Digest head{};
};

/// SHA-256("CGC1", previous, root, seq u64, rows u32, stored u32, time i64, min i64, max i64, duplicates).
[[nodiscard]] Digest chain_head(Sha256& hash, const ChainRecord& record) noexcept;
/// The value of a record; its seq is the key.
void encode(const ChainRecord& record, std::string& out);
[[nodiscard]] std::optional<ChainRecord> decode_chain(std::uint64_t seq, std::string_view value) noexcept;

using Signature = std::array<std::uint8_t, 64>;

/// A head with our Ed25519 signature over ("CGH1", seq u64, time i64, head).
struct SignedHead {
    std::uint64_t seq = 0;
    common::Nanos time = 0;
    Digest head{};
    Signature signature{};
};
void encode(const SignedHead& head, std::string& out);
/// What is signed.
[[nodiscard]] std::string signed_text(const SignedHead& head);
[[nodiscard]] std::optional<SignedHead> decode_head(std::uint64_t seq, std::string_view value) noexcept;

/// The key pair of this store: `folder`/chain.key (32-byte seed, hexadecimal, mode 0600) and chain.pub. Thread safe.
class ChainSigner {
public:
    /// Reads the key, or makes one if `fresh`. Throws std::runtime_error: missing, unreadable, open to others.
    ChainSigner(const std::filesystem::path& folder, bool fresh);
    ~ChainSigner();
    ChainSigner(const ChainSigner&) = delete;
    ChainSigner& operator=(const ChainSigner&) = delete;

    void sign(SignedHead& head) const noexcept;
    [[nodiscard]] bool verify(const SignedHead& head) const noexcept;
    /// Over any other text; must not begin with "CGH1".
    [[nodiscard]] Signature sign(std::string_view text) const noexcept;
    [[nodiscard]] bool verify(std::string_view text, const Signature& signature) const noexcept;
    [[nodiscard]] std::array<std::uint8_t, 32> public_key() const noexcept;

private:
    [[nodiscard]] Signature signature_of(std::string_view text) const noexcept;
    struct Keys;
    std::unique_ptr<Keys> keys_;
};

} // namespace canhgac::storage

/// Where imported bundles live: FOLDER/versions/N, FOLDER/current and FOLDER/previous (links to them). The switch is
/// one rename: a reader sees the old bundle or the new one, whole. Rules and lists are configured by paths below
/// `current`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "app/bundle.hpp"

namespace canhgac::app {

/// One process at a time works on a folder (a lock file keeps others waiting). Every function throws BundleError.
class BundleStore {
public:
    /// Makes the folder if it is not there.
    explicit BundleStore(std::filesystem::path folder);

    /// Verifies the bundle and makes it current. Its version must be higher than any that was ever imported here, so
    /// that nobody can bring back an old one. The one in use before is kept for rollback(), older ones are removed.
    BundleManifest take_in(const std::filesystem::path& file, std::span<const PublicKey> trusted);
    /// Makes the previous bundle current again (and the current one previous); returns its version.
    std::uint64_t rollback();

    [[nodiscard]] std::optional<std::uint64_t> current() const;
    [[nodiscard]] std::optional<std::uint64_t> previous() const;
    [[nodiscard]] std::uint64_t highest() const;

private:
    class Lock;
    [[nodiscard]] std::optional<std::uint64_t> link_target(const char* name) const;
    void set_link(const char* name, std::uint64_t version) const;
    void set_highest(std::uint64_t version) const;
    void remove_others() const;

    std::filesystem::path folder_;
};

} // namespace canhgac::app

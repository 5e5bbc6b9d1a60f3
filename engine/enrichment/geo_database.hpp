/// Country and autonomous system of addresses, from MaxMind DB files (GeoLite2 and GeoIP2 Country/City and ASN, DB-IP
/// Lite and others of the same layout; https://maxmind.github.io/MaxMind-DB/).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/ip.hpp"
#include "common/result.hpp"

namespace canhgac::engine {

struct GeoAnswer {
    std::string_view country;    ///< ISO 3166-1 alpha-2; empty = unknown. Views live as long as the database.
    std::uint32_t as_number = 0; ///< 0 = unknown
    std::string_view as_name;
};

/// Immutable; look-ups are thread safe, take no lock and do not allocate. The files are read through private copies, so
/// they may be replaced at any time.
class GeoDatabase {
public:
    /// An empty path leaves that part out. `folder` takes the copies, unlinked at once. Error: a sentence with the
    /// file.
    [[nodiscard]] static common::Result<std::shared_ptr<const GeoDatabase>, std::string>
    open(const std::filesystem::path& country, const std::filesystem::path& as, const std::filesystem::path& folder);
    ~GeoDatabase();
    GeoDatabase(const GeoDatabase&) = delete;
    GeoDatabase& operator=(const GeoDatabase&) = delete;

    /// Nothing is known of private, loopback, link-local and other special addresses: they are not looked up.
    [[nodiscard]] GeoAnswer find(const common::IpAddress& address) const noexcept;
    /// When the files were built by their maker, seconds since 1970; 0 = left out.
    [[nodiscard]] std::uint64_t country_built() const noexcept;
    [[nodiscard]] std::uint64_t as_built() const noexcept;

private:
    GeoDatabase();
    struct Files;
    std::unique_ptr<Files> files_;
};

/// RFC 6890 and kin: not an address of the public Internet.
[[nodiscard]] bool is_special_address(const common::IpAddress& address) noexcept;

} // namespace canhgac::engine

#include "engine/enrichment/geo_database.hpp"

#include <array>
#include <cstring>
#include <maxminddb.h>
#include <optional>
#include <stdlib.h> // NOLINT(modernize-deprecated-headers): mkstemp
#include <system_error>
#include <unistd.h>

#include <netinet/in.h>

namespace canhgac::engine {

namespace {

class Database {
public:
    Database() = default;
    ~Database() {
        if (open_) { MMDB_close(&db_); }
    }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    std::string open(const std::filesystem::path& file, const std::filesystem::path& folder) {
        std::string copy = (folder / "geo.XXXXXX").string();
        const int fd = ::mkstemp(copy.data());
        if (fd < 0) { return folder.string() + ": " + std::strerror(errno); }
        ::close(fd);
        std::error_code error;
        std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing, error);
        std::string why;
        if (error) {
            why = file.string() + ": " + error.message();
        } else if (const int status = MMDB_open(copy.c_str(), MMDB_MODE_MMAP, &db_); status != MMDB_SUCCESS) {
            why = file.string() + ": " + MMDB_strerror(status);
        } else {
            open_ = true;
        }
        ::unlink(copy.c_str());
        return why;
    }
    [[nodiscard]] std::optional<MMDB_entry_s> find(const common::IpAddress& address) const noexcept {
        if (!open_) { return std::nullopt; }
        sockaddr_storage storage{};
        if (address.is_v6) {
            auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
            v6->sin6_family = AF_INET6;
            std::memcpy(&v6->sin6_addr, address.bytes.data(), 16);
        } else {
            auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
            v4->sin_family = AF_INET;
            std::memcpy(&v4->sin_addr, address.bytes.data(), 4);
        }
        int status = MMDB_SUCCESS;
        MMDB_lookup_result_s result = MMDB_lookup_sockaddr(&db_, reinterpret_cast<const sockaddr*>(&storage), &status);
        if (status != MMDB_SUCCESS || !result.found_entry) { return std::nullopt; }
        return result.entry;
    }
    [[nodiscard]] std::uint64_t built() const noexcept { return open_ ? db_.metadata.build_epoch : 0; }

private:
    MMDB_s db_{};
    bool open_ = false;
};

std::string_view text_at(MMDB_entry_s entry, const char* const* path) noexcept {
    MMDB_entry_data_s data{};
    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING) {
        return {};
    }
    return {data.utf8_string, data.data_size};
}

std::uint32_t number_at(MMDB_entry_s entry, const char* const* path) noexcept {
    MMDB_entry_data_s data{};
    if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data) { return 0; }
    if (data.type == MMDB_DATA_TYPE_UINT16) { return data.uint16; }
    return data.type == MMDB_DATA_TYPE_UINT32 ? data.uint32 : 0;
}

} // namespace

struct GeoDatabase::Files {
    Database country;
    Database as;
};

GeoDatabase::GeoDatabase() : files_(std::make_unique<Files>()) {}
GeoDatabase::~GeoDatabase() = default;

common::Result<std::shared_ptr<const GeoDatabase>, std::string> GeoDatabase::open(const std::filesystem::path& country,
                                                                                  const std::filesystem::path& as,
                                                                                  const std::filesystem::path& folder) {
    std::shared_ptr<GeoDatabase> made(new GeoDatabase);
    if (!country.empty()) {
        if (std::string why = made->files_->country.open(country, folder); !why.empty()) { return common::fail(why); }
    }
    if (!as.empty()) {
        if (std::string why = made->files_->as.open(as, folder); !why.empty()) { return common::fail(why); }
    }
    return std::shared_ptr<const GeoDatabase>(std::move(made));
}

GeoAnswer GeoDatabase::find(const common::IpAddress& given) const noexcept {
    const common::IpAddress address = common::unmapped(given);
    GeoAnswer answer;
    if (is_special_address(address)) { return answer; }
    if (const auto entry = files_->country.find(address)) {
        static constexpr std::array<const char*, 3> kCountry = {"country", "iso_code", nullptr};
        static constexpr std::array<const char*, 3> kRegistered = {"registered_country", "iso_code", nullptr};
        answer.country = text_at(*entry, kCountry.data());
        if (answer.country.empty()) { answer.country = text_at(*entry, kRegistered.data()); }
    }
    if (const auto entry = files_->as.find(address)) {
        static constexpr std::array<const char*, 2> kNumber = {"autonomous_system_number", nullptr};
        static constexpr std::array<const char*, 2> kName = {"autonomous_system_organization", nullptr};
        answer.as_number = number_at(*entry, kNumber.data());
        answer.as_name = text_at(*entry, kName.data());
    }
    return answer;
}

std::uint64_t GeoDatabase::country_built() const noexcept {
    return files_->country.built();
}

std::uint64_t GeoDatabase::as_built() const noexcept {
    return files_->as.built();
}

bool is_special_address(const common::IpAddress& given) noexcept {
    const common::IpAddress address = common::unmapped(given);
    const auto& b = address.bytes;
    if (address.is_v6) {
        const bool is_zero_page = std::all_of(b.begin(), b.begin() + 8, [](std::uint8_t x) { return x == 0; });
        return is_zero_page || (b[0] & 0xFEU) == 0xFC || (b[0] == 0xFE && (b[1] & 0xC0U) >= 0x80) || b[0] == 0xFF;
    }
    return b[0] == 0 || b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 100 && (b[1] & 0xC0U) == 64) ||
           (b[0] == 169 && b[1] == 254) || (b[0] == 172 && (b[1] & 0xF0U) == 16) || (b[0] == 192 && b[1] == 168);
}

} // namespace canhgac::engine

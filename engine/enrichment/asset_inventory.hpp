/// The asset inventory: who owns which host, from files of our own (CSV or YAML). A snapshot, replaced as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/ip.hpp"
#include "common/result.hpp"
#include "engine/intel/network_ranges.hpp"

namespace canhgac::engine {

struct Asset {
    std::string match; ///< the address, network or host name it is found by
    std::string name;  ///< what people call it; default: match
    std::string organization;
    std::string service; ///< the information system
    std::string owner;
    std::string level; ///< "1".."5" or empty
};

struct InventoryError {
    std::string file;
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::string reason;
};

/// Thread safe (const); look-ups allocate nothing.
class AssetInventory {
public:
    [[nodiscard]] std::size_t size() const noexcept { return assets_.size(); }
    /// By host name, any case; then by its first label ("srv1" for "srv1.tinh.gov.vn"). nullptr: none.
    [[nodiscard]] const Asset* find_host(std::string_view name) const noexcept;
    /// The most specific network that holds the address. nullptr: none.
    [[nodiscard]] const Asset* find_address(const common::IpAddress& address) const noexcept;

private:
    friend class InventoryBuilder;
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept;
    };
    std::vector<Asset> assets_;
    std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>> hosts_; ///< lower case
    NetworkRanges<Ipv4Number, std::uint32_t> v4_;
    NetworkRanges<Ipv6Number, std::uint32_t> v6_;
};

struct LoadedInventory {
    std::shared_ptr<const AssetInventory> inventory; ///< never null
    std::vector<InventoryError> errors;              ///< entries left out, files not read
};

inline constexpr std::size_t kMaxAssets = 1'000'000;

/// CSV with a header: match, organization, service, level, owner, name (in any order; match and organization needed).
/// YAML: a list of maps with those keys. A file is YAML when its name ends in .yaml or .yml. An entry whose match is in
/// use already is an error. Start-up or reload work.
[[nodiscard]] LoadedInventory load_inventory(std::span<const std::filesystem::path> files);
/// The same for a text, for tests.
[[nodiscard]] LoadedInventory read_inventory(std::string_view text, const std::string& file_name);

} // namespace canhgac::engine

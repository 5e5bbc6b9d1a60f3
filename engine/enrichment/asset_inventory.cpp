#include "engine/enrichment/asset_inventory.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/yaml.hpp"
#include "engine/intel/csv_rows.hpp"

namespace canhgac::engine {

namespace {

constexpr std::size_t kMaxHostBytes = 255;
constexpr std::array<std::string_view, 6> kKeys = {"match", "organization", "service", "level", "owner", "name"};
enum Key : std::size_t { kMatch, kOrganization, kService, kLevel, kOwner, kName };
using Values = std::array<std::string, kKeys.size()>;

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) { return {}; }
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Ipv4Number number_v4(const common::IpAddress& address) noexcept {
    return static_cast<Ipv4Number>(address.bytes[0]) << 24U | static_cast<Ipv4Number>(address.bytes[1]) << 16U |
           static_cast<Ipv4Number>(address.bytes[2]) << 8U | address.bytes[3];
}

bool is_host_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= kMaxHostBytes && text.find_first_of(" \t/\\,;") == std::string_view::npos;
}

} // namespace

std::size_t AssetInventory::NameHash::operator()(std::string_view text) const noexcept {
    return XXH3_64bits(text.data(), text.size());
}

const Asset* AssetInventory::find_host(std::string_view name) const noexcept {
    if (hosts_.empty() || name.empty() || name.size() > kMaxHostBytes) { return nullptr; }
    std::array<char, kMaxHostBytes> buffer; // NOLINT(*-member-init): filled as far as it is used
    std::transform(name.begin(), name.end(), buffer.begin(), lower);
    std::string_view key(buffer.data(), name.size());
    auto found = hosts_.find(key);
    if (found == hosts_.end()) { found = hosts_.find(key.substr(0, key.find('.'))); }
    return found == hosts_.end() ? nullptr : &assets_[found->second];
}

const Asset* AssetInventory::find_address(const common::IpAddress& given) const noexcept {
    const common::IpAddress address = common::unmapped(given);
    const Asset* found = nullptr;
    const auto take = [&](std::uint32_t index) {
        if (found == nullptr) { found = &assets_[index]; } // innermost first
    };
    if (address.is_v6) {
        v6_.find(address.bytes, take);
    } else {
        v4_.find(number_v4(address), take);
    }
    return found;
}

/// Fills an inventory entry by entry.
class InventoryBuilder {
public:
    InventoryBuilder() : inventory_(std::make_shared<AssetInventory>()) {}

    void read(std::string_view text, const std::string& file) {
        file_ = file;
        if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
        if (file.ends_with(".yaml") || file.ends_with(".yml")) {
            read_yaml(text);
        } else {
            read_csv(text);
        }
    }
    void fail_file(const std::string& file, std::string reason) { errors_.push_back({file, 1, 1, std::move(reason)}); }
    LoadedInventory finish() {
        inventory_->v4_.build();
        inventory_->v6_.build();
        return {std::move(inventory_), std::move(errors_)};
    }

private:
    void fail(std::uint32_t line, std::uint32_t column, std::string reason) {
        errors_.push_back({file_, line, column, std::move(reason)});
    }

    void read_csv(std::string_view text) {
        CsvRows rows(text, find_csv_separator(text));
        std::vector<CsvCell> row;
        std::optional<std::array<std::size_t, kKeys.size()>> columns;
        while (rows.next(row)) {
            const bool is_blank =
                std::all_of(row.begin(), row.end(), [](const CsvCell& c) { return trim(c.text).empty(); });
            if (is_blank || row.front().text.starts_with('#')) { continue; }
            if (!columns) {
                columns = read_header(row);
                if (!columns) { return; }
                continue;
            }
            Values values;
            for (std::size_t key = 0; key < kKeys.size(); ++key) {
                if ((*columns)[key] < row.size()) { values[key] = trim(row[(*columns)[key]].text); }
            }
            add(std::move(values), row.front().line, row.front().column);
        }
    }
    std::optional<std::array<std::size_t, kKeys.size()>> read_header(const std::vector<CsvCell>& row) {
        std::array<std::size_t, kKeys.size()> columns{};
        columns.fill(static_cast<std::size_t>(-1));
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string name(trim(row[i].text));
            std::transform(name.begin(), name.end(), name.begin(), lower);
            const auto* const key = std::find(kKeys.begin(), kKeys.end(), name);
            if (key == kKeys.end()) {
                fail(row[i].line, row[i].column, "unknown column '" + name + "'");
                return std::nullopt;
            }
            columns[static_cast<std::size_t>(key - kKeys.begin())] = i;
        }
        if (columns[kMatch] >= row.size() || columns[kOrganization] >= row.size()) {
            fail(row.front().line, 1, "the first line must name the columns, at least match and organization");
            return std::nullopt;
        }
        return columns;
    }

    void read_yaml(std::string_view text) {
        const auto documents = common::yaml::parse(text);
        if (!documents) {
            fail(documents.error().at.line, documents.error().at.column, documents.error().message);
            return;
        }
        for (const auto& document : *documents) {
            if (!document.is_sequence()) {
                fail(document.at.line, document.at.column, "expected a list of assets");
                continue;
            }
            for (const auto& item : document.items) {
                read_item(item);
            }
        }
    }
    void read_item(const common::yaml::Node& item) {
        if (!item.is_map()) { return fail(item.at.line, item.at.column, "expected a map of keys and values"); }
        Values values;
        for (std::size_t i = 0; i < item.entries.size(); ++i) {
            const auto& [name, node] = item.entries[i];
            const auto* const key = std::find(kKeys.begin(), kKeys.end(), name);
            if (key == kKeys.end()) {
                return fail(item.key_positions[i].line, item.key_positions[i].column, "unknown key '" + name + "'");
            }
            if (!node.is_scalar()) { return fail(node.at.line, node.at.column, name + " must be a text"); }
            values[static_cast<std::size_t>(key - kKeys.begin())] = trim(node.text);
        }
        add(std::move(values), item.at.line, item.at.column);
    }

    void add(Values values, std::uint32_t line, std::uint32_t column) {
        if (inventory_->assets_.size() >= kMaxAssets) { return fail(line, column, "too many assets"); }
        if (values[kMatch].empty() || values[kOrganization].empty()) {
            return fail(line, column, "match and organization must not be empty");
        }
        std::string& level = values[kLevel];
        if (!level.empty() && (level.size() != 1 || level[0] < '1' || level[0] > '5')) {
            return fail(line, column, "level must be 1 to 5");
        }
        const auto index = static_cast<std::uint32_t>(inventory_->assets_.size());
        if (!add_match(values[kMatch], index, line, column)) { return; }
        Asset asset;
        asset.match = values[kMatch];
        asset.name = values[kName].empty() ? values[kMatch] : std::move(values[kName]);
        asset.organization = std::move(values[kOrganization]);
        asset.service = std::move(values[kService]);
        asset.owner = std::move(values[kOwner]);
        asset.level = std::move(level);
        inventory_->assets_.push_back(std::move(asset));
    }
    bool add_match(const std::string& match, std::uint32_t index, std::uint32_t line, std::uint32_t column) {
        const bool is_network = match.find('/') != std::string::npos;
        const auto network = common::parse_cidr(match);
        std::string name = match;
        std::transform(name.begin(), name.end(), name.begin(), lower);
        if (!network && (is_network || !is_host_name(name))) {
            fail(line, column, "match '" + match + "' is neither an address, a network nor a host name");
            return false;
        }
        const std::string key =
            network ? common::to_string(network->address) + "/" + std::to_string(network->prefix_bits) : name;
        if (!used_.insert(key).second) {
            fail(line, column, "match '" + match + "' is there twice");
            return false;
        }
        if (!network) {
            inventory_->hosts_.emplace(name, index);
        } else if (network->address.is_v6) {
            inventory_->v6_.add(network->address.bytes, network->prefix_bits, index);
        } else {
            inventory_->v4_.add(number_v4(network->address), network->prefix_bits, index);
        }
        return true;
    }

    std::shared_ptr<AssetInventory> inventory_;
    std::vector<InventoryError> errors_;
    std::set<std::string> used_;
    std::string file_;
};

LoadedInventory load_inventory(std::span<const std::filesystem::path> files) {
    InventoryBuilder builder;
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        if (!in) {
            builder.fail_file(file.string(), "cannot be read");
            continue;
        }
        const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        builder.read(text, file.string());
    }
    return builder.finish();
}

LoadedInventory read_inventory(std::string_view text, const std::string& file_name) {
    InventoryBuilder builder;
    builder.read(text, file_name);
    return builder.finish();
}

} // namespace canhgac::engine

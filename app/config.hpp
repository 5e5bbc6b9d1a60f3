/// The configuration file: one YAML document, every key optional, unknown keys are errors with their place.
/// docs/reference/configuration.md lists every key; a test reads the example in it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "collector/peer_table.hpp"
#include "common/ip.hpp"
#include "common/log.hpp"
#include "engine/intel/list_loader.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

/// What is wrong with the configuration, as "file:line:column: message".
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// "127.0.0.1:5514", "[::1]:5514"; port 0 lets the system choose.
struct Endpoint {
    common::IpAddress address;
    std::uint16_t port = 0;
    [[nodiscard]] bool is_loopback() const noexcept;
    [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text) noexcept;

struct TlsConfig {
    std::string certificate; ///< PEM files
    std::string key;
    std::string client_ca;
    enum class Clients : std::uint8_t { none, optional, required } clients = Clients::none;
};

struct PlainListener {
    Endpoint endpoint;
    std::vector<common::IpNetwork> plaintext_from; ///< who may send beyond loopback
};

struct TlsListener {
    Endpoint endpoint;
    TlsConfig tls;
};

struct BulkListener {
    Endpoint endpoint;
    std::optional<TlsConfig> tls;
    std::string tokens_file; ///< one "name:secret" a line; required beyond loopback
    std::string version = "8.19.0";
};

struct ApiListener {
    Endpoint endpoint;
    std::optional<TlsConfig> tls;
};

struct SmtpConfig {
    std::string host;
    std::uint16_t port = 25;
    enum class Security : std::uint8_t { none, starttls, tls } security = Security::starttls;
    std::string ca_file;
    std::string username;
    std::string password_file;
    std::string from;
    std::vector<std::string> to;
    std::uint32_t per_minute = 60; ///< most notices a minute; 0 = no cap
};

struct WebhookConfig {
    std::string url;
    std::string secret_file;
    std::string ca_file;
    std::uint32_t per_minute = 6'000;
};

struct Config {
    std::filesystem::path data_dir = "data";
    ApiListener api;
    std::optional<PlainListener> syslog_udp;
    std::optional<PlainListener> syslog_tcp;
    std::optional<TlsListener> syslog_tls;
    std::optional<BulkListener> elastic_bulk;
    std::vector<collector::SourceRule> sources;
    struct Rules {
        bool pack = true;                         ///< the rules shipped in the binary
        std::vector<std::filesystem::path> paths; ///< files or folders
        std::vector<std::string> bundle_keys;     ///< public keys whose signed bundles may be imported
        std::filesystem::path placeholders;       ///< YAML map of lists for |expand
        std::vector<std::string> pipelines;       ///< files, folders or built-in names
        canhgac::rules::FilterPolarity filter_polarity = canhgac::rules::FilterPolarity::pysigma;
    } rules;
    struct Storage {
        enum class Durability : std::uint8_t { fsync, os } durability = Durability::fsync;
        std::chrono::seconds dedup_window{3600};
        bool seal = true;                     ///< events move from the journal into columns by day
        std::chrono::seconds seal_after{600}; ///< at the latest; sooner when seal_events wait
        std::uint32_t seal_events = 131'072;
        std::size_t seal_mib = 32; ///< most unpacked bytes sealed at once
        unsigned seal_cpu_percent = 50;
        /// How long events are kept, in calendar months; 0 = for ever.
        struct Retention {
            unsigned months = 12;
            std::array<std::optional<unsigned>, 5> levels{}; ///< of information systems of level 1 to 5
            struct Source {
                std::string network;
                unsigned months = 0;
            };
            std::vector<Source> sources; ///< sources[].retention_months
        } retention;
        std::filesystem::path cold_path; ///< empty: there is none
        unsigned cold_after_days = 30;
        enum class WhenFull : std::uint8_t { refuse, drop_oldest } when_full = WhenFull::refuse;
    } storage;
    struct Engine {
        unsigned shards = 0;                   ///< 0 = one a core
        std::size_t queue_mib = 64;            ///< received but not yet decoded
        std::size_t correlation_mib = 64;      ///< windows of correlations
        std::chrono::seconds lateness{5 * 60}; ///< how late an event still counts in correlations
    } engine;
    struct Intel {
        std::vector<engine::ListSource> lists;
        std::size_t max_entries = engine::kMaxIndicators;
        std::chrono::seconds look_back{30 * 86'400};    ///< stored events searched for new indicators; 0 = none
        std::uint32_t look_back_events_second = 20'000; ///< read at most, in the background
    } intel;
    struct Enrichment {
        std::vector<std::filesystem::path> inventory; ///< CSV or YAML files
        std::filesystem::path geoip_country;          ///< MaxMind files
        std::filesystem::path geoip_asn;
    } enrichment;
    struct Alerting {
        bool vietnamese = true;
        std::string console_url;
        std::optional<SmtpConfig> smtp;
        std::optional<WebhookConfig> webhook;
    } alerting;
    common::LogLevel log_level = common::LogLevel::info;
};

/// What runs without a file: loopback only, development ports, shipped rules, data in ./data.
[[nodiscard]] Config default_config();
/// Throws ConfigError.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file_name);
[[nodiscard]] Config load_config(const std::filesystem::path& file);
/// Rules that a value alone does not show: TLS and authentication beyond loopback, files that exist, ... Empty = sound.
[[nodiscard]] std::vector<std::string> check_config(const Config& config);

} // namespace canhgac::app

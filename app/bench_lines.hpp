/// Syslog lines as a province's Linux servers, web servers and firewalls write them, about 300 bytes on average, for
/// `bench ingest`. Every line differs: times, hosts, users, addresses, ports, paths and ids are drawn anew.
#pragma once

#include <cstdint>
#include <string>

namespace canhgac::app {

/// Deterministic by seed. Not thread safe.
class LineGenerator {
public:
    explicit LineGenerator(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
    /// Appends one RFC 5424 or RFC 3164 line, ended by a line feed.
    void append(std::string& out);

private:
    std::uint64_t draw(std::uint64_t below) noexcept;
    void append_web(std::string& out);
    void append_firewall(std::string& out);
    void append_ssh(std::string& out);
    void append_application(std::string& out);

    std::uint64_t state_;
    std::uint64_t made_ = 0;
};

} // namespace canhgac::app

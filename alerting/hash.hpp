/// BLAKE2b-128 (RFC 7693) over length-prefixed parts, in hexadecimal: ids and keys of alerting.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace canhgac::alerting {

/// No two different lists of parts give the same input to the hash.
class PartHash {
public:
    PartHash();
    ~PartHash();
    PartHash(const PartHash&) = delete;
    PartHash& operator=(const PartHash&) = delete;
    void add(std::string_view part) noexcept;
    /// 32 lower-case hexadecimal digits; once.
    [[nodiscard]] std::string finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::string hash_parts(std::initializer_list<std::string_view> parts);

} // namespace canhgac::alerting
